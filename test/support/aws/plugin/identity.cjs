'use strict';
// Users of IAM, their policies and access keys, as the emulator has them.
const lab = require('./lab.cjs');
const { P, tagging, shorten } = lab.require('kit');

const decoded = (text) => (/^%7B/i.test(text) ? decodeURIComponent(text) : text);
module.exports = {
  'iam/user:User': {
    props: P('forceDestroy:bool=false name* path=/ permissionsBoundary'),
    outs: 'arn uniqueId',
    tags: tagging.iam('User', 'UserName'),
    autoname: shorten(64),
    later: 'forceDestroy',
    async create(i, c) {
      const members = 'name>UserName path permissionsBoundary';
      return (await c.do('IAM.createUser', i, members)).User.UserName;
    },
    async read(id, c, olds) {
      const user = ((await c.maybe('IAM.getUser', { UserName: id })) || {}).User;
      return (
        user && {
          name: user.UserName,
          path: user.Path,
          arn: user.Arn,
          uniqueId: user.UserId,
          // The emulator does not keep boundaries of users.
          permissionsBoundary: olds.permissionsBoundary ?? '',
        }
      );
    },
    delete: (id, c) => c.call('IAM.deleteUser', { UserName: id }),
  },
  'iam/userPolicy:UserPolicy': {
    props: P('name*^ policy:json! user!^'),
    blank: 'namePrefix',
    autoname: shorten(128),
    async create(i, c) {
      await c.do('IAM.putUserPolicy', i, 'user>UserName name>PolicyName policy>PolicyDocument');
      return `${i.user}:${i.name}`;
    },
    async read(id, c) {
      const [UserName, PolicyName] = id.split(':');
      const policy = await c.maybe('IAM.getUserPolicy', { UserName, PolicyName });
      return policy && { user: UserName, name: PolicyName, policy: decoded(policy.PolicyDocument) };
    },
    update: (id, n, c) =>
      c.do('IAM.putUserPolicy', n, 'user>UserName name>PolicyName policy>PolicyDocument'),
    delete(id, c) {
      const [UserName, PolicyName] = id.split(':');
      return c.call('IAM.deleteUserPolicy', { UserName, PolicyName });
    },
  },
  'iam/accessKey:AccessKey': {
    props: P('status=Active user!^'),
    outs: 'createDate encryptedSecret encryptedSesSmtpPasswordV4 keyFingerprint secret sesSmtpPasswordV4',
    async create(i, c) {
      const { AccessKey: key } = await c.do('IAM.createAccessKey', i, 'user>UserName');
      if (i.status !== 'Active') await status(c, i.user, key.AccessKeyId, i.status);
      c.records.put('accessKeys', key.AccessKeyId, key.SecretAccessKey);
      return key.AccessKeyId;
    },
    async read(id, c, { user }) {
      const keys = await c.maybe('IAM.listAccessKeys', { UserName: user });
      const key = keys?.AccessKeyMetadata.find(({ AccessKeyId }) => AccessKeyId === id);
      return (
        key && {
          user: key.UserName,
          status: key.Status,
          createDate: new Date(key.CreateDate).toISOString(),
          // AWS tells it once; the provider has it from its state.
          secret: c.records.get('accessKeys', id),
        }
      );
    },
    update: (id, n, c) => status(c, n.user, id, n.status),
    async delete(id, c, { user }) {
      await c.call('IAM.deleteAccessKey', { UserName: user, AccessKeyId: id });
      c.records.remove('accessKeys', id);
    },
  },
};

function status(c, UserName, AccessKeyId, Status) {
  return c.call('IAM.updateAccessKey', { UserName, AccessKeyId, Status });
}
