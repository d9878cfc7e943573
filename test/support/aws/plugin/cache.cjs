'use strict';
// Users of ElastiCache: recorded, for the emulator can make users, but neither change them nor put them into groups.
const lab = require('./lab.cjs');
const { P, tagging } = lab.require('kit');

const arn = async (c, kind, id) =>
  `arn:${c.partition}:elasticache:${c.region}:${await c.account()}:${kind}:${id}`;

const userMembers = 'userId accessString noPasswordRequired passwords authenticationMode';
const user = {
  props: P('accessString! engine! noPasswordRequired:bool passwords:set userId!^ userName!^', {
    authenticationMode: ['obj computed', P('passwordCount:int? passwords:set type!')],
  }),
  outs: 'arn',
  tags: tagging.recorded,
  id: (i) => i.userId,
  create: (i, c) => [
    'ElastiCache.createUser',
    c.params('ElastiCache.createUser', i, `${userMembers} engine userName`),
  ],
  update: (i, c) => ['ElastiCache.modifyUser', c.params('ElastiCache.modifyUser', i, userMembers)],
  made: async (i, c, id) => ({ arn: await arn(c, 'user', id) }),
};

const group = {
  props: P('engine! userGroupId!^ userIds:set'),
  outs: 'arn',
  tags: tagging.recorded,
  id: (i) => i.userGroupId,
  create: (i, c) => [
    'ElastiCache.createUserGroup',
    c.params('ElastiCache.createUserGroup', i, 'userGroupId engine userIds'),
  ],
  update: (i, c, UserGroupId) => [
    'ElastiCache.modifyUserGroup',
    { UserGroupId, UserIdsToAdd: i.userIds },
  ],
  made: async (i, c, id) => ({ arn: await arn(c, 'usergroup', id) }),
};

module.exports = {
  'elasticache/user:User': lab.recorded(user),
  'elasticache/userGroup:UserGroup': lab.recorded(group),
};
