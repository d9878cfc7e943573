import { once } from 'node:events';
import { connect } from 'node:net';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { amazonAuthorities, wayToCache } from '../../components/links/way-to-cache';
import { exporters } from '../../components/services/monitoring/exporters';
import { file, secretFile } from '../../components/services/paths';
import { accessString, redis, redisUsers } from '../../components/services/redis';
import type { RedisUser, SecretSource, Workload } from '../../components/services/service';
import { issueAuthority, issueCertificate } from '../../provider/tls/issue';
import { Containers } from '../support/containers';
import { labImages, labSettings } from '../support/database';
import { noContainers } from '../support/docker-cli';
import { testImages } from '../support/lab';
import { onServer, pastOwnKeys } from '../support/redis-attacks';
import { madeUpValues, type Values } from '../support/values';

const missing = noContainers(labImages.redis, labImages.nginx, testImages['redis-exporter']);
const days = 40;

const settings = labSettings();
const cache = redis(settings);

/** In the place of the endpoint of ElastiCache. */
const endpoint = 'master.queue-1.cache.example';

/** Whose certificate a server shows. */
type Shown = 'right' | 'stranger' | 'another-name';

/** Redis with TLS alone and the users as ElastiCache is told them; its own `default` is off, as there. */
function standIn(shown: Shown, name = endpoint): Workload {
  const lines = redisUsers.map((user) => `user ${user} >{{${user}}} ${accessString(user)}\n`);
  const conf = [
    'port 0',
    'tls-port 6379',
    `tls-cert-file ${secretFile('CERTIFICATE')}`,
    `tls-key-file ${secretFile('CERTIFICATE_KEY')}`,
    `tls-ca-cert-file ${secretFile('CERTIFICATE')}`,
    'tls-auth-clients no',
    `aclfile ${file('users.acl')}`,
    'acl-pubsub-default allchannels',
    'maxmemory-policy noeviction',
    'save ""',
  ];
  return {
    ...cache,
    name,
    secrets: {
      CERTIFICATE: { config: `${shown}-certificate` },
      CERTIFICATE_KEY: { config: `${shown}-key` },
    },
    files: {
      'redis.conf': `${conf.join('\n')}\n`,
      'users.acl': {
        template: ['user default off resetpass\n', ...lines].join(''),
        secrets: Object.fromEntries(redisUsers.map((user) => [user, { passwordOf: user }])),
      },
    },
    volumes: {},
    scratch: ['/data'],
    healthCommand: ['redis-cli', '--tls', '--insecure', 'ping'],
  };
}

describe.skipIf(missing)(
  `the way to a cache, which a Redis with TLS stands in for${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let containers: Containers;
    let values: Values;
    let trusted: string;
    const open: { disconnect: () => void }[] = [];

    beforeAll(async () => {
      values = await madeUpValues([]);
      const authority = await issueAuthority('A public authority', days);
      trusted = authority.certificate;
      const made = {
        right: await issueCertificate([endpoint], days, authority),
        stranger: await issueCertificate(
          [endpoint],
          days,
          await issueAuthority('A public authority', days),
        ),
        'another-name': await issueCertificate(['queue-1.cache.example'], days, authority),
      };
      for (const [shown, { certificate, key }] of Object.entries(made)) {
        values.set(`${shown}-certificate`, certificate);
        values.set(`${shown}-key`, key);
      }
      containers = await Containers.create('t-cache-way-', (source: SecretSource) =>
        'cacheHost' in source ? endpoint : values(source),
      );
      await containers.run(standIn('right'));
      await containers.run(way(), { published: true });
    });

    afterAll(async () => {
      for (const each of open) each.disconnect();
      await containers.remove();
    });

    function way(authorities = trusted): Workload {
      return wayToCache(cache, labImages.nginx, authorities);
    }

    async function connection(user: RedisUser, service = 'redis'): Promise<Redis> {
      const client = new Redis({
        port: await containers.port(service),
        username: user,
        password: values({ passwordOf: user }),
        maxRetriesPerRequest: null,
        retryStrategy: () => null,
      });
      client.on('error', () => undefined);
      open.push(client);
      return client;
    }

    async function login(user: RedisUser): Promise<Redis> {
      const client = await connection(user);
      await client.ping();
      return client;
    }

    /** What comes back of a service of the network for one who has not logged in. */
    async function answer(service: string): Promise<string> {
      const socket = connect(await containers.port(service), '127.0.0.1');
      let text = '';
      socket.on('data', (part: Buffer) => {
        text += part.toString();
        socket.end();
      });
      socket.on('error', () => undefined);
      socket.write('PING\r\n');
      await once(socket, 'close');
      return text;
    }

    /** Nothing comes back, and for no other reason. */
    async function refused(service: string, why: RegExp): Promise<void> {
      const asked = async () => {
        expect(await answer(service)).toBe('');
        return containers.logs(service);
      };
      await expect.poll(asked).toMatch(why);
    }

    test('leads to it without a word of TLS from who asks', async () => {
      const guard = await login('guard');
      await guard.set('limit:ann', '1');
      expect(await guard.get('limit:ann')).toBe('1');
    });

    test('lets in nobody without a name and a password', async () => {
      expect(await answer('redis')).toMatch(/^-NOAUTH/);
    });

    test('no user reads, writes, lists, scripts or listens past its own keys', async () => {
      expect(await pastOwnKeys(login)).toEqual([]);
    });

    test('no user touches the server itself', async () => {
      expect(await onServer(login)).toEqual([]);
    });

    test('hears its own channels', async () => {
      const listener = await login('realtime');
      const news = once(listener, 'message');
      await listener.subscribe('realtime:news');
      await (await login('realtime')).publish('realtime:news', 'came');
      expect(await news).toEqual(['realtime:news', 'came']);
    });

    test('keeps who waits, and the jobs of BullMQ go through it', async () => {
      const waiting = (await login('functions')).blpop('functions:list', 0);
      const queue = new Queue('mail', { connection: await login('functions') });
      const events = new QueueEvents('mail', { connection: await login('functions') });
      const worker = new Worker('mail', (job) => Promise.resolve(job.name), {
        connection: await login('functions'),
      });
      await events.waitUntilReady();
      const job = await queue.add('late', {}, { delay: 50 });
      expect(await job.waitUntilFinished(events)).toBe('late');
      await (await login('functions')).rpush('functions:list', 'came');
      expect(await waiting).toEqual(['functions:list', 'came']);
      for (const each of [worker, events, queue]) await each.close();
    });

    test('figures are read through it, without the right to see settings', async () => {
      const images = { ...settings, images: { ...settings.images, override: testImages } };
      const exporter = exporters(images, [cache]).find(({ name }) => name === 'redis-exporter');
      if (!exporter) throw new Error('no exporter');
      await containers.run(exporter, { published: true });
      const url = `http://127.0.0.1:${await containers.port('redis-exporter')}/metrics`;
      const figures = await (await fetch(url)).text();
      expect(figures).toMatch(/^redis_up 1$/m);
      expect(figures).toMatch(/^redis_memory_max_bytes /m);
      expect(figures).toMatch(/^redis_connected_slaves 0$/m);
    });

    test.each([
      ['another authority has signed', 'stranger'],
      ['is for another name', 'another-name'],
    ] as const)(
      'goes on to no server whose certificate %s, and is not healthy',
      async (_, shown) => {
        const host = `${shown}.example`;
        await containers.run(standIn(shown, host));
        // The name that is asked for is that of the endpoint, wherever it leads.
        const to = { ...way(), name: `to-${shown}` };
        const config = to.files['nginx.conf'];
        if (config === undefined || typeof config === 'string') throw new Error('no template');
        const template = config.template.replace('set $cache {{CACHE}}', `set $cache ${host}`);
        const files = { ...to.files, 'nginx.conf': { ...config, template } };
        await containers.start({ ...to, files }, { published: true });
        await refused(to.name, /certificate verify error|does not match/);
        const { code } = await containers.exec(to.name, ...(to.healthCommand ?? []));
        expect(code).not.toBe(0);
      },
    );

    test('by itself trusts Amazon alone', async () => {
      const to = { ...way(amazonAuthorities()), name: 'to-amazon' };
      await containers.start(to, { published: true });
      await refused('to-amazon', /unable to get local issuer|self.signed/);
    });

    test('has a file that nginx finds nothing wrong with', async () => {
      const check = ['nginx', '-t', '-e', 'stderr', '-c', file('nginx.conf')];
      expect(await containers.exec('redis', ...check)).toMatchObject({
        code: 0,
        stderr: expect.not.stringMatching(/warn/) as string,
      });
    });

    test('finds the cache again when its name leads to another address', async () => {
      for (const each of open) each.disconnect();
      await containers.drop(endpoint);
      // Takes the address that has become free, and shows what is not for the endpoint.
      await containers.run(standIn('another-name', 'newcomer'));
      await containers.run(standIn('right'));
      const begun = Date.now();
      await expect.poll(() => answer('redis'), { timeout: 20_000 }).toMatch(/^-NOAUTH/);
      expect(Date.now() - begun).toBeLessThan(12_000);
    });
  },
);
