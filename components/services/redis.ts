import type { Settings } from '../settings/schema';
import { mebibytes } from '../settings/sizes';
import { file, secretFile } from './paths';
import { image } from './images';
import type { FileContent, RedisUser, Workload } from './service';

/** Reading and writing of the own keys, in transactions and scripts; a script may do what its caller may. */
const ownKeys = [
  '-@all +@connection +@read +@write +@transaction +eval +evalsha +eval_ro +evalsha_ro',
  // The server's own business, and commands that empty it or read past the key patterns (SORT … GET).
  '-@admin -@dangerous',
  // Names of everybody's keys; libraries of functions, which everybody shares.
  '-scan -randomkey -dbsize -function',
  // Clients see from it whether the file has been read; BullMQ reads the version and the eviction policy.
  '+info',
].join(' ');

const channels = '+publish +subscribe +unsubscribe +psubscribe +punsubscribe';

/** What each user may do: its own keys, its own channels, and no look at another's. */
const users: Readonly<Record<RedisUser, string>> = {
  guard: `~limit:* ~guard:* ${ownKeys}`,
  functions: `~bull:* ~functions:* ${ownKeys}`,
  storage: `~storage:* ${ownKeys}`,
  oauth: `~oauth:* ${ownKeys}`,
  realtime: `~realtime:* &realtime:* ${ownKeys} +publish +subscribe +unsubscribe`,
  app: `~app:* &app:* ${ownKeys} ${channels}`,
  // A deletion looks through every key for the tenant, and takes what is its.
  tenants:
    '~* -@all +@connection +@read +@write +@transaction +eval +evalsha -@admin -@dangerous +info +scan',
  // No key at all. SLOWLOG GET would show other users' values.
  monitor:
    '-@all +@connection -@admin -@dangerous +info +config|get +slowlog|len +latency|latest +latency|histogram',
};

export const redisUsers = Object.keys(users) as RedisUser[];

/**
 * Redis 7 or Valkey at `redis:6379`: sessions, cache, counters of limits, queues.
 *
 * Every write is in the append-only file before its answer is sent, and on the disk within a second; when
 * `strata:redis.memory` is full, writes are refused and nothing is thrown away. Each service is a user of its own; there
 * is none without a name. Inside one host's network it speaks plainly (docs/adr/0011). Healthy when it has read its file
 * and answers. May take twice its memory while it rewrites that file.
 */
export function redis(settings: Settings): Workload {
  const data = mebibytes(settings.redis.memory);
  return {
    kind: 'workload',
    name: 'redis',
    image: image(settings, 'redis'),
    command: [file('redis.conf')],
    environment: {},
    secrets: { MONITOR_PASSWORD: { passwordOf: 'monitor' } },
    files: { 'redis.conf': renderRedis(data), 'users.acl': renderUsers() },
    volumes: { '/data': 'queue' },
    user: '999:999',
    resources: { memory: `${data * 2}M` },
    needs: [],
    port: 6379,
    healthCommand: ['sh', '-c', healthy],
    metrics: { exporter: 'redis-exporter' },
    readsSchema: false,
    routes: {},
    replicas: 1,
    // It writes and syncs its file before it ends.
    stopGraceSeconds: 30,
  };
}

/** The password reaches redis-cli by its input: arguments and the environment can be read in /proc. */
const healthy = `printf 'AUTH monitor %s\\nPING\\n' "$(cat ${secretFile('MONITOR_PASSWORD')})" | redis-cli | grep -qx PONG`;

/** redis.conf; `data` in MiB. */
function renderRedis(data: number): string {
  const settings = {
    bind: '* -::*',
    port: '6379',
    'protected-mode': 'yes',
    aclfile: file('users.acl'),
    dir: '/data',
    appendonly: 'yes',
    appendfsync: 'everysec',
    // The append-only file holds everything.
    save: '""',
    maxmemory: `${data}mb`,
    'maxmemory-policy': 'noeviction',
    'tcp-keepalive': '60',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

/**
 * The users' file. Nobody can log in as `default`, or without a name. It keeps all rights nevertheless: Redis reads its
 * append-only file back as that user, and would leave out every transaction that it may not run (seen with 7.0.15).
 */
export function renderUsers(): FileContent {
  return {
    template: [
      'user default off resetpass ~* &* +@all\n',
      ...redisUsers.map((name) => `user ${name} on >{{${name.toUpperCase()}}} ${users[name]}\n`),
    ].join(''),
    secrets: Object.fromEntries(
      redisUsers.map((name) => [name.toUpperCase(), { passwordOf: name }]),
    ),
  };
}

/** What ElastiCache has for nobody, and refuses a user for who is to have it. */
const restricted: readonly string[] = ['+config|get'];

/** The same user as ElastiCache is told: without a word it would give each user every channel. */
export function accessString(user: RedisUser): string {
  const rules = users[user].split(' ').filter((rule) => !restricted.includes(rule));
  return ['on', 'resetchannels', ...rules].join(' ');
}
