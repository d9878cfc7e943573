import type { Redis } from 'ioredis';
import type { RedisUser } from '../../components/services/service';

type Login = (user: RedisUser) => Promise<Redis>;

/** What users could do to keys and channels of others. */
export async function pastOwnKeys(login: Login): Promise<string[]> {
  const own = {
    guard: 'limit:',
    functions: 'bull:',
    storage: 'storage:',
    oauth: 'oauth:',
    app: 'app:',
  } as const;
  const names = Object.keys(own) as (keyof typeof own)[];
  for (const name of names) await (await login(name)).set(`${own[name]}secret`, name);
  const reached: string[] = [];
  for (const name of names) {
    const client = await login(name);
    for (const other of names.filter((each) => each !== name)) {
      const key = `${own[other]}secret`;
      const mine = `${own[name]}secret`;
      const attacks: [string, ...(string | number)[]][] = [
        ['get', key],
        ['set', key, 'x'],
        ['del', key],
        ['exists', key],
        ['rename', key, mine],
        ['copy', key, mine],
        ['sort', mine, 'by', 'nosort', 'get', key],
        ['eval', "return redis.call('get', KEYS[1])", 1, key],
        ['eval', `return redis.call('get', '${key}')`, 0],
        ['eval', `return redis.call('keys', '*')`, 0],
        ['keys', '*'],
        ['scan', '0'],
        ['randomkey'],
        ['publish', `${own[other]}news`, 'x'],
        ['subscribe', `${own[other]}news`],
        ['psubscribe', '*'],
        ['pubsub', 'channels'],
      ];
      for (const [command, ...args] of attacks) {
        const done = client.call(command, ...args).then(
          () => [`${name}: ${command} ${args.join(' ')}`],
          () => [],
        );
        reached.push(...(await done));
      }
    }
  }
  return reached;
}

/** What users could do to the server itself. */
export async function onServer(login: Login): Promise<string[]> {
  const attacks: [string, ...string[]][] = [
    ['config', 'set', 'maxmemory', '1'],
    ['config', 'get', 'requirepass'],
    ['flushall'],
    ['flushdb'],
    ['swapdb', '0', '1'],
    ['acl', 'list'],
    ['acl', 'setuser', 'default', 'on'],
    ['shutdown', 'nosave'],
    ['debug', 'sleep', '1'],
    ['save'],
    ['bgrewriteaof'],
    ['replicaof', 'elsewhere', '6379'],
    ['module', 'list'],
    ['client', 'list'],
    ['client', 'kill', 'type', 'normal'],
    ['monitor'],
    ['slowlog', 'get'],
    ['function', 'list'],
    ['function', 'flush'],
    ['script', 'flush'],
    ['migrate', 'elsewhere', '6379', '', '0', '1', 'keys', 'limit:a'],
  ];
  const done: string[] = [];
  for (const user of [
    'guard',
    'functions',
    'storage',
    'oauth',
    'realtime',
    'app',
    'monitor',
  ] as const) {
    const client = await login(user);
    for (const [command, ...args] of attacks) {
      const said = client.call(command, ...args);
      done.push(
        ...(await said.then(
          () => [`${user}: ${command} ${args.join(' ')}`],
          () => [],
        )),
      );
    }
  }
  return done;
}
