import type { ResourceRule } from '../rule';
import { at, given, notYetKnown, shown } from '../values';

/** Nobody comes to a cache who is not a user of it with rights of its own. */
export const cacheUsers: readonly ResourceRule[] = [
  {
    name: 'caches-have-users',
    description:
      'Caches know users, not one password for everybody. Give userGroupIds, and leave authToken out.',
    types: ['aws:elasticache/replicationGroup:ReplicationGroup'],
    problems: ({ props }) => [
      ...(given(props.userGroupIds) ? [] : ['userGroupIds is missing']),
      ...(given(props.authToken) ? ['authToken is given'] : []),
    ],
  },
  {
    name: 'cache-default-off',
    description:
      "Nobody comes in as the user default. Set engine: valkey, whose groups need none: that of Redis takes AWS's own, " +
      'who may do everything without a password.',
    types: ['aws:elasticache/userGroup:UserGroup'],
    problems: ({ props }) =>
      props.engine === notYetKnown || /^valkey$/i.test(String(props.engine))
        ? []
        : [`engine is ${shown(props.engine)}`],
  },
  {
    name: 'cache-users-limited',
    description:
      'Users of caches have a password, and not every command. Leave noPasswordRequired out, and name commands instead ' +
      'of +@all in the access string.',
    types: ['aws:elasticache/user:User'],
    problems: ({ props }) => [
      ...(props.noPasswordRequired === true ||
      at(props.authenticationMode, 'type') === 'no-password-required'
        ? ['it needs no password']
        : []),
      ...(typeof props.accessString === 'string' &&
      /(?:^|\s)(?:\+@all|allcommands)(?:\s|$)/i.test(props.accessString)
        ? ['it may use every command']
        : []),
    ],
  },
];
