import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as dial, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateNames } from '../../components/data/certificates';
import { linked } from '../../components/links/linked';
import { linkCertificates, linkPort } from '../../components/links/names';
import { wayIn } from '../../components/links/way-in';
import { wayOut } from '../../components/links/way-out';
import { databaseServer } from '../../components/services/database/server';
import { redis } from '../../components/services/redis';
import type { SecretSource, Service, Workload } from '../../components/services/service';
import { issueAuthority, issueCertificate, type Issued } from '../../provider/tls/issue';
import { Containers } from '../support/containers';
import { Clients, labImages, labSettings } from '../support/database';
import { must, noContainers } from '../support/docker-cli';
import { service } from '../support/gateway/platform';
import { madeUpValues, type Values } from '../support/values';

const missing = noContainers(labImages.postgres, labImages.redis, labImages.nginx);
const why = missing === undefined ? '' : ` (skipped: ${missing})`;
const settings = labSettings();
const days = 40;

const database = databaseServer(settings);
const cache = redis(settings);

/** Answers every connection to 4000 and 4001 with the port and `word`, and goes on sending back what it gets. */
function echo(word: string, name = 'store'): Workload {
  const script = `for (const port of [4000, 4001])
    require('net').createServer((s) => { s.on('error', () => {}); s.write(port + ' ${word}\\n'); s.pipe(s); }).listen(port)`;
  return {
    ...service(name, 4000),
    image: 'node:20-slim',
    command: ['node', '-e', script],
    expose: [4001],
    user: '1000:1000',
  };
}

/** Something that says nothing: it is not on the list. */
const hidden = echo('hidden', 'hidden');

describe.skipIf(missing)(`links between two servers${why}`, () => {
  /** Two servers: each has a network that the other does not see. */
  let data: Containers;
  let app: Containers;
  let address: string;
  let values: Values;
  let clients: Clients;
  let link: Issued;
  const sockets: Socket[] = [];
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-links-'));

  beforeAll(async () => {
    values = await madeUpValues(['database', 'gateway']);
    const made = new Map<string, Issued>();
    for (const [host, names] of Object.entries(
      certificateNames([], [], linkCertificates('split')),
    )) {
      const usage = host === 'links-client' ? 'client' : 'server';
      made.set(host, await issueCertificate(names, days, values.authority, usage));
    }
    const value = (source: SecretSource): string => {
      const of = 'certificate' in source ? made.get(source.certificate) : undefined;
      const part = 'certificate' in source && source.part !== 'expires' ? source.part : undefined;
      return of && part ? of[part] : values(source);
    };
    link = made.get('links-client') ?? values.authority;
    writeFileSync(path.join(folder, 'authority.pem'), values.authority.certificate);
    data = await Containers.create('t-links-data-', value);
    app = await Containers.create('t-links-app-', value);
    address = await app.gateway();
    clients = new Clients(app, values, path.join(folder, 'authority.pem'));

    const ways = ends([database, cache, echo('first')]);
    // It starts before the services, as it may in a deployment.
    await data.run(ways.in, { address });
    await data.run(database);
    await data.run(cache);
    await data.run(echo('first'));
    await data.run(hidden);
    for (const way of ways.out) await app.run(way, { published: true });
    await clients.makeDatabase();
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await clients.close();
    await app.remove();
    await data.remove();
    rmSync(folder, { recursive: true });
  });

  /** What links add to two servers, of which the first has `services`. */
  function ends(services: readonly Service[]): { in: Workload; out: Workload[] } {
    const one = { count: 1, balanced: false } as const;
    const groups = linked(
      [
        { ...one, name: 'data', services },
        { ...one, name: 'app', services: [] },
      ],
      () => address,
      settings,
    );
    const [first = [], out = []] = groups.map((group) =>
      group.services.filter((one) => !services.includes(one)),
    ) as Workload[][];
    return { in: first[0] ?? hidden, out };
  }

  /** Whoever asks on the other server, for `name`: what is sent back until `text` has come, or the end. */
  async function ask(name: string, port: number, text = '\n'): Promise<string> {
    const script = `const s = require('net').connect(${port}, '${name}'); let t = '';
      s.on('data', (d) => { t += d; if (t.includes(${JSON.stringify(text)})) s.destroy(); });
      s.on('error', (e) => { t += e.code; });
      s.on('close', () => process.stdout.write(t))`;
    return must(
      ...['run', '--rm', '--label', app.label, '--network', app.network],
      ...['node:20-slim', 'node', '-e', script],
    );
  }

  /** Somebody at the open port of the server: what they get back after asking the cache something. */
  async function knock(
    servername: string,
    shown?: Pick<Issued, 'certificate' | 'key'>,
  ): Promise<string> {
    const socket = tls.connect({
      ...{ host: address, port: linkPort, servername, rejectUnauthorized: false },
      ...(shown && { cert: shown.certificate, key: shown.key }),
    });
    return said(socket, 'secureConnect');
  }

  async function said(socket: Socket, ready: string): Promise<string> {
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString();
      socket.end();
    });
    socket.on('error', () => undefined);
    socket.on(ready, () => socket.write('PING\r\n'));
    await once(socket, 'close');
    return text;
  }

  const toCache = 'redis-6379.links.internal';

  test('lead to Postgres by its name, which its certificate is verified for', async () => {
    const admin = await clients.connect('database', 'postgres');
    const { rows } = await admin.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true }]);
  });

  test('lead from a container of one server to services of the other, each port to its own', async () => {
    expect([await ask('store', 4000), await ask('store', 4001)]).toEqual([
      '4000 first\n',
      '4001 first\n',
    ]);
  });

  test('let in a certificate of links', async () => {
    expect(await knock(toCache, link)).toContain('NOAUTH');
    expect(await knock('store-4001.links.internal', link)).toMatch(/^4001 /);
  });

  test.each([
    ['no certificate', () => undefined],
    ['that of the gateway', () => issued(['gateway'])],
    ['that of a way in', () => issued(['*.links.internal'])],
    ['that of a server that calls itself a link', () => issued(['links-client'])],
    ['that of another client', () => issued(['worker'], 'client')],
    [
      'that of a client with the name of links among others',
      () => issued(['worker', 'links-client'], 'client'),
    ],
    [
      'that of links of another authority',
      async () =>
        issueCertificate(
          ['links-client'],
          days,
          await issueAuthority('Strata test', days),
          'client',
        ),
    ],
    ['one that has signed itself', () => issueAuthority('links-client', days)],
  ])('let in nobody with %s', async (_, shown) => {
    expect(await knock(toCache, await shown())).toBe('');
  });

  function issued(names: string[], usage?: 'client'): Promise<Issued> {
    return issueCertificate(names, days, values.authority, usage);
  }

  test.each([
    'hidden-4000.links.internal',
    'store-4002.links.internal',
    'links-9443.links.internal',
    'links-client.links.internal',
    'store',
    'redis',
    '',
  ])('lead nobody to what is not on the list: %j', async (name) => {
    expect(await knock(name, link)).toBe('');
  });

  test('do not speak without TLS', async () => {
    const socket = dial(linkPort, address);
    expect(await said(socket, 'connect')).not.toContain('NOAUTH');
  });

  test('write down who was refused', async () => {
    await knock(toCache, await issued(['worker'], 'client'));
    await expect
      .poll(() => data.logs('links'))
      .toContain('"verified":"SUCCESS","client":"CN=worker","refused":"redis-6379.links.internal"');
  });

  test('go to no server that has another certificate than that of a way in', async () => {
    const shown = {
      gateway: await issued(['gateway', 'localhost']),
      client: link,
      stranger: await issueCertificate(
        ['*.links.internal'],
        days,
        await issueAuthority('Strata test', days),
      ),
      right: await issued(['*.links.internal']),
    };
    const heard = await Promise.all(
      Object.entries(shown).map(async ([name, { certificate, key }]) => {
        values.set(`${name}-certificate`, certificate);
        values.set(`${name}-key`, key);
        await app.run({
          ...wayIn([echo('')], labImages.nginx),
          name: `trap-${name}`,
          secrets: {
            CERTIFICATE: { config: `${name}-certificate` },
            CERTIFICATE_KEY: { config: `${name}-key` },
            AUTHORITY: { authority: 'certificate' },
          },
        });
        const way = wayOut(echo(''), `trap-${name}`, labImages.nginx);
        await app.run({ ...way, name: `lured-${name}` });
        return [name, await ask(`lured-${name}`, 4000)];
      }),
    );
    expect(Object.fromEntries(heard)).toEqual({
      gateway: '',
      client: '',
      stranger: '',
      right: expect.stringMatching(/^4000 /) as string,
    });
  });

  test('find a service that was replaced at another address', async () => {
    await data.drop('store');
    // Takes the address that has become free.
    await data.run(echo('other', 'newcomer'));
    const begun = Date.now();
    expect(await ask('store', 4000)).not.toContain('first');
    expect(Date.now() - begun).toBeLessThan(10_000);
    await data.run(echo('second'));
    await expect.poll(() => ask('store', 4000), { timeout: 20_000 }).toBe('4000 second\n');
  });

  test('keep a connection that waits for news, and ask the kernel to look after it', async () => {
    const listener = await clients.connect('database', 'postgres');
    const news = once(listener, 'notification');
    await listener.query('listen news');
    const timers = async (where: Containers, name: string) =>
      (await where.exec(name, 'cat', '/proc/net/tcp')).stdout
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , state]) => state === '01')
        .map(([, , , , , timer = '']) => timer.split(':'))
        .map(([kind, ticks = '']) => ({ kind, withinMinute: parseInt(ticks, 16) <= 6100 }));
    for (const held of [await timers(app, 'database'), await timers(data, 'links')]) {
      expect(held.length).toBeGreaterThan(1);
      expect(new Set(held.map((timer) => JSON.stringify(timer)))).toEqual(
        new Set([JSON.stringify({ kind: '02', withinMinute: true })]),
      );
    }
    const teller = await clients.connect('database', 'postgres');
    await teller.query("select pg_notify('news', 'came')");
    expect(await news).toMatchObject([{ payload: 'came' }]);
  });

  test('end a connection whose other server is gone without a word, as soon as the kernel says so', async () => {
    await app.run({ ...ends([echo('')]).in, name: 'far', published: {} });
    const way = wayOut(echo(''), 'far', labImages.nginx);
    const soon = {
      'net.ipv4.tcp_keepalive_time': '1',
      'net.ipv4.tcp_keepalive_intvl': '1',
      'net.ipv4.tcp_keepalive_probes': '2',
    };
    await app.run({ ...way, name: 'impatient', sysctls: soon }, { published: true });
    await app.run({ ...way, name: 'patient' }, { published: true });
    const [impatient, patient] = await Promise.all([held('impatient'), held('patient')]);
    const end = once(impatient, 'close');
    await must('network', 'disconnect', app.network, app.named('far'));
    await end;
    expect(patient.readyState).toBe('open');
  });

  /** A connection through a way out that has led somewhere. */
  async function held(service: string): Promise<Socket> {
    const socket = dial(await app.port(service), '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    expect(greeting.toString()).toMatch(/^4000 /);
    socket.resume();
    return socket;
  }

  test('have files that nginx finds nothing wrong with', async () => {
    const check = ['nginx', '-t', '-e', 'stderr', '-c', '/run/strata/files/nginx.conf'];
    for (const said of [await data.exec('links', ...check), await app.exec('redis', ...check)]) {
      expect(said).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/warn/) as string });
    }
  });
});
