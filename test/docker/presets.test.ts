import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { Agent, fetch as undiciFetch, type RequestInit } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { presets } from '../../components/services/presets';
import type { PresetName } from '../../components/settings/names';
import { engine } from '../support/docker';
import { presetImages, testImages, whyNoPlatform } from '../support/lab';
import { Mailbox, subscribed } from '../support/realtime/channel';
import { ask, type Answer } from './support/client';
import { prefix, type Ports } from './support/platform';
import { addressOf, keepsFiles, operator, presetConfig, signIn, states } from './support/presets';
import { absent, openScene, type Scene } from './support/scene';
import { secretsIn, secretsOf } from './support/secrets';

/** What the image reads as variables alone: docs/hardening.md lists it. */
const inVariables: Readonly<Record<string, readonly string[]>> = {
  'hasura-auth': ['auth-encryption', 'hasura-admin', 'jwt-key', 'vendor-hasura-auth'],
};

/** Whose names are others than in the catalogue. */
const containersOf: Readonly<Record<string, readonly string[]>> = {
  mailpit: ['mailhog'],
  monitoring: ['prometheus', 'alertmanager'],
  functions: ['functions', 'functions-worker'],
};

interface Table {
  Row: Record<string, unknown>;
  Insert: Record<string, unknown>;
  Update: Record<string, unknown>;
  Relationships: [];
}

/** In the place of generated types: any table. */
interface Anything {
  public: {
    Tables: Record<string, Table>;
    Views: Record<string, never>;
    Functions: Record<string, never>;
  };
}

type Client = SupabaseClient<Anything>;

/** Paths of data, whichever of them a preset has. */
const doors = [
  '/graphql',
  '/v1/graphql',
  '/rest/projects',
  '/storage/files',
  '/storage/v1/bucket',
  '/functions/project-summary',
];

/** The rows that the application's migrations give each tenant. */
const projects = { acme: ['Giant magnet', 'Rocket skates'], globex: ['Weather machine'] };

const skipped = absent || (await whyNoPlatform(presetImages)) !== undefined;

let scene: Scene;

beforeAll(async () => {
  if (!skipped) scene = await openScene((ports) => configOf('nself', ports));
});

/** Deploys the preset in the place of the one before, whose tenants and rows stay. */
async function deploy(preset: PresetName, more: object = {}): Promise<void> {
  if (!skipped) await scene.platform.settle(configOf(preset, scene.ports, more));
}

function configOf(preset: PresetName, ports: Ports, more: object = {}): Record<string, unknown> {
  return presetConfig(preset, { ...more, 'strata:docker': { databasePort: ports.database } });
}

/** What holds for each preset, whatever it has. */
function common(preset: PresetName): void {
  test('has all of its services, and they are healthy', async () => {
    const wanted = presets[preset].services.flatMap((name) => containersOf[name] ?? [name]);
    const ill = async () => Object.entries(await states()).filter(([, is]) => is !== 'healthy');
    await expect.poll(ill, { timeout: 60_000 }).toEqual([]);
    expect(Object.keys(await states())).toEqual(
      expect.arrayContaining([...wanted, 'gateway', 'guard', 'database']),
    );
  });

  test('is changed by nothing when it is deployed again', async () => {
    const { changes } = JSON.parse(await scene.platform.succeed('preview', '--json')) as {
      changes: Readonly<Record<string, number>>;
    };
    expect(Object.keys(changes)).toEqual(['same']);
  });

  test('describes no secret, but for what an image reads from variables alone', async () => {
    const secrets = await secretsOf(scene);
    expect(secrets.size).toBeGreaterThan(20);
    const all = await engine.listContainers({ all: true, filters: { name: [prefix] } });
    for (const {
      Id,
      Names: [name = ''],
    } of all) {
      const service = name.slice(1 + prefix.length).replace(/-\d+$/, '');
      const found = secretsIn(secrets, JSON.stringify(await engine.getContainer(Id).inspect()));
      expect(found.sort(), service).toEqual(inVariables[service] ?? []);
    }
  });

  test('lets nobody in without a token, nor with the anon key', async () => {
    const key = scene.outputs.anonKey;
    const anonymous = { apikey: key, authorization: `Bearer ${key}` };
    for (const path of doors) {
      for (const headers of [undefined, anonymous]) {
        const { status } = await ask(scene, path, headers && { headers });
        expect([401, 403, 404, 405, 501], path).toContain(status);
      }
    }
  });

  test('shows operators its figures and its page, and nobody else', async () => {
    const headers = operator(scene);
    for (const path of ['/operator/prometheus/-/ready', '/admin/']) {
      expect([path, (await ask(scene, path, { headers })).status]).toEqual([path, 200]);
      expect([path, (await ask(scene, path)).status]).toEqual([path, 401]);
    }
  });
}

/** Tokens of somebody of each tenant who has signed up here. */
async function people(preset: PresetName): Promise<{ mine: string; theirs: string }> {
  return {
    mine: await signIn(scene, addressOf('acme', preset)),
    theirs: await signIn(scene, addressOf('globex', preset)),
  };
}

describe.skipIf(skipped)('preset nself (stand-ins for Hasura and its auth service)', () => {
  let mine: string;
  let theirs: string;

  beforeAll(() => deploy('nself'));
  common('nself');

  test('signs people up by the link of a mail, and in', async () => {
    ({ mine, theirs } = await people('nself'));
    const { tenant } = (await ask(scene, '/auth/me', { token: mine })).json() as { tenant: object };
    expect(tenant).toMatchObject({ slug: 'acme', role: 'admin' });
  });

  test('shows the rows of the own tenant alone, whatever headers say', async () => {
    const read = async (token: string): Promise<unknown> => {
      const headers = { 'x-hasura-role': 'admin', 'x-hasura-tenant-id': 'globex' };
      const answer = await ask(scene, '/v1/graphql', {
        token,
        headers,
        body: { query: '{ app_projects { name } }' },
      });
      return answer.json();
    };
    const named = (names: string[]): unknown => ({
      data: { app_projects: expect.toSatisfy(same(names)) as unknown },
    });
    expect(await read(mine)).toMatchObject(named(projects.acme) as object);
    expect(await read(theirs)).toMatchObject(named(projects.globex) as object);
  });

  test('keeps files of a tenant, and runs its functions', async () => {
    await keepsFiles(scene, mine, theirs);
    const { status, text } = await ask(scene, '/v1/functions/project-summary', { token: mine });
    expect([status, text.includes('Weather machine')]).toEqual([200, false]);
  });
});

/** Whether rows have these names and no others, in any order. */
function same(names: readonly string[]): (rows: readonly { name: string }[]) => boolean {
  return (rows) =>
    JSON.stringify(rows.map(({ name }) => name).sort()) === JSON.stringify([...names].sort());
}

describe.skipIf(skipped)('preset nextmavens (stand-ins for PostgREST and GoTrue)', () => {
  let mine: string;
  let theirs: string;

  beforeAll(() => deploy('nextmavens'));
  common('nextmavens');

  test('signs people up by the link of a mail, and in, at its own paths', async () => {
    ({ mine, theirs } = await people('nextmavens'));
    const { status } = await ask(scene, '/api/auth/me', { token: mine });
    expect(status).toBe(200);
  });

  test.each(['/rest/projects', '/rest/v1/projects', '/projects'])(
    'shows at %s the rows of the own tenant alone',
    async (path) => {
      const read = async (token: string): Promise<unknown> =>
        (await ask(scene, `${path}?select=name`, { token })).json();
      expect(await read(mine)).toSatisfy(same(projects.acme));
      expect(await read(theirs)).toSatisfy(same(projects.globex));
    },
  );

  test('writes into the own tenant alone, and says what there is', async () => {
    const body = { name: 'By REST' };
    const made = await ask(scene, '/rest/projects', { token: mine, body });
    expect(made.status, made.text).toBe(201);
    const [{ id, tenant_id: tenant } = {}] = made.json() as { id?: string; tenant_id?: string }[];
    const forged = await ask(scene, '/rest/projects', {
      token: theirs,
      body: { ...body, tenant_id: tenant },
    });
    expect(forged.status, forged.text).toBe(403);
    const bent = await ask(scene, `/rest/projects?id=eq.${id ?? ''}`, {
      token: theirs,
      method: 'DELETE',
    });
    expect(bent.json()).toEqual([]);
    const gone = await ask(scene, `/rest/projects?id=eq.${id ?? ''}`, {
      token: mine,
      method: 'DELETE',
    });
    expect(gone.json()).toHaveLength(1);
    const { paths } = (await ask(scene, '/rest/', { token: mine })).json() as { paths: object };
    expect(Object.keys(paths)).toEqual(['/notes', '/projects']);
  });

  test('shows the same by GraphQL', async () => {
    const body = { query: '{ projects { nodes { name } } }' };
    const { data } = (await ask(scene, '/graphql', { token: mine, body })).json() as {
      data: { projects: { nodes: { name: string }[] } };
    };
    expect(data.projects.nodes).toSatisfy(same(projects.acme));
  });

  test('keeps files of a tenant', () => keepsFiles(scene, mine, theirs));
});

describe.skipIf(skipped)(
  "preset supabase (stand-ins for upstream's services), with upstream's client",
  () => {
    let mine: string;
    let theirs: string;
    let agent: Agent;

    beforeAll(async () => {
      await deploy('supabase');
      agent = new Agent({ connect: { ca: scene.outputs.authority } });
    });
    afterAll(() => agent.close());
    common('supabase');

    class Socket extends WebSocket {
      constructor(address: string | URL) {
        super(address, { ca: scene.outputs.authority });
      }
    }

    function client(token?: string): Client {
      return createClient<Anything>(
        `https://localhost:${String(scene.ports.https)}`,
        scene.outputs.anonKey,
        {
          auth: { persistSession: false, autoRefreshToken: false },
          ...(token !== undefined && { accessToken: () => Promise.resolve(token) }),
          global: {
            fetch: ((url: string, init: RequestInit) =>
              undiciFetch(url, { ...init, dispatcher: agent })) as unknown as typeof fetch,
          },
          realtime: { transport: Socket as never },
        },
      );
    }

    test('signs people up by the link of a mail, and in', async () => {
      ({ mine, theirs } = await people('supabase'));
    });

    test('shows the rows of the own tenant alone, and none without a token', async () => {
      const read = async (token?: string) => client(token).from('projects').select('name');
      expect((await read(mine)).data).toSatisfy(same(projects.acme));
      expect((await read(theirs)).data).toSatisfy(same(projects.globex));
      expect(await read()).toMatchObject({ data: null, status: 401 });
    });

    test('tells of changes and of broadcasts in the own tenant alone', async () => {
      const sides = await Promise.all(
        [mine, theirs].map(async (token) => {
          const own = client(token);
          await own.realtime.setAuth();
          const changes = new Mailbox();
          const said = new Mailbox();
          const channel = own
            .channel('project:1')
            .on('broadcast', { event: '*' }, said.put)
            .on('postgres_changes', { event: '*', schema: 'app', table: 'notes' }, changes.put);
          expect(await subscribed(channel)).toBe('SUBSCRIBED');
          return { own, channel, changes, said };
        }),
      );
      // Whatever reached the wrong side would be the first there.
      for (const [index, { own, channel, changes, said }] of sides.entries()) {
        const body = `by ${String(index)}`;
        const { data } = await own.from('projects').select('id').limit(1);
        const project = data?.[0]?.id;
        const { error } = await own.from('notes').insert({ project_id: project, body });
        expect(error).toBeNull();
        expect(await changes.next()).toMatchObject({ eventType: 'INSERT', new: { body } });
        expect(await channel.httpSend('moved', { body })).toEqual({ success: true });
        expect(await said.next()).toMatchObject({ event: 'moved', payload: { body } });
      }
      await Promise.all(sides.map(({ own }) => own.realtime.disconnect()));
    });

    test('keeps files in buckets of the own tenant, with links and smaller images', async () => {
      const tenant = scene.members.ann.tenantId;
      const own = client(mine).storage;
      expect(await own.createBucket(tenant)).toMatchObject({ error: null });
      const files = own.from(tenant);
      expect(await files.upload('a/b.txt', 'hello')).toMatchObject({ error: null });
      const text = async (from: Client, path: string) => {
        const { data, error } = await from.storage.from(tenant).download(path);
        return data ? await data.text() : error;
      };
      expect(await text(client(mine), 'a/b.txt')).toBe('hello');
      expect(await text(client(theirs), 'a/b.txt')).toBeInstanceOf(Error);
      expect(await text(client(), 'a/b.txt')).toBeInstanceOf(Error);
      expect((await client(theirs).storage.listBuckets()).data).toEqual([]);
      expect(await client(theirs).storage.createBucket(`${tenant}-x`)).toMatchObject({
        data: null,
      });
      const open = `${tenant}-open`;
      expect(await own.createBucket(open, { public: true })).toMatchObject({ error: null });
      expect(await own.from(open).upload('c.txt', 'for all')).toMatchObject({ error: null });
      const { publicUrl } = own.from(open).getPublicUrl('c.txt').data;
      expect((await ask(scene, new URL(publicUrl).pathname)).text).toBe('for all');
      const closed = new URL(files.getPublicUrl('a/b.txt').data.publicUrl).pathname;
      expect((await ask(scene, closed)).status).toBe(400);
      const { data } = await files.createSignedUrl('a/b.txt', 60);
      const { pathname, search } = new URL(data?.signedUrl ?? '');
      expect((await ask(scene, pathname + search)).text).toBe('hello');
      expect((await ask(scene, pathname.replace('b.txt', 'c.txt') + search)).status).toBe(400);
      const smaller = await ask(
        scene,
        `/storage/v1/render/image/authenticated/${tenant}/a/b.txt?width=9`,
        { token: mine },
      );
      expect([smaller.status, smaller.text, smaller.headers['x-stand-in-options']]).toEqual([
        200,
        'hello',
        'resize:fill:9',
      ]);
      expect(await files.remove(['a/b.txt'])).toMatchObject({ error: null });
    });

    test('shows operators the database as far as the auditor sees it, and nobody else', async () => {
      const headers = operator(scene);
      const query = 'select current_user as me, (select count(*) from app.projects) as rows';
      const asked = await ask(scene, '/pg/query', { headers, body: { query } });
      expect(asked.text).toMatch(/permission denied|"rows":"0"/);
      expect((await ask(scene, '/pg/tables', { token: mine })).status).toBe(401);
      const studio = { host: 'studio.localhost' };
      expect((await ask(scene, '/', studio)).status).toBe(401);
      expect((await ask(scene, '/', { ...studio, headers })).text).toContain(
        '<li>app.projects</li>',
      );
    });
  },
);

describe.skipIf(skipped)('preset nestjs, with an app in two replicas', () => {
  const program = `
    const server = require('node:http').createServer(({ headers }, response) => {
      response.end(JSON.stringify({ host: require('node:os').hostname(), tenant: headers['x-strata-tenant'] }));
    });
    server.listen(process.env.PORT);
    process.on('SIGTERM', () => process.exit());
  `;
  const app = {
    image: testImages.node,
    command: ['node', '-e', program],
    port: 8100,
    replicas: 2,
    route: { path: '/app/', access: 'token' },
  };

  beforeAll(() =>
    deploy('nestjs', {
      // The presets before it have kept files, and data is protected: it is never taken away with a service.
      'strata:services': { storage: { enabled: true } },
      'strata:customServices': { app },
    }),
  );
  common('nestjs');

  test('asks each replica in its turn, for holders of a token, as their tenant', async () => {
    const said = async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => ask(scene, '/app/', { token: scene.tokenOf('gus') })),
      );
      const each = answers.map((answer) => answer.json() as { host: string; tenant: string });
      return each.map(({ host, tenant }) => `${host} as ${tenant}`);
    };
    const { tenantId } = scene.members.gus;
    // The gateway knows the second replica once it has looked the name up again.
    await expect
      .poll(async () => [...new Set(await said())].sort())
      .toEqual([`app-1 as ${tenantId}`, `app-2 as ${tenantId}`]);
    expect((await ask(scene, '/app/')).status).toBe(401);
  });

  test('makes a tenant with a database of its own', async () => {
    const made = await scene.platform.tenants(
      'create',
      'initech',
      '--admin',
      'ida',
      '--model',
      'database',
    );
    expect(made).toMatchObject({ slug: 'initech' });
  });
});

describe.skipIf(skipped)('preset flask (stand-ins for GoTrue and pgAdmin)', () => {
  const secret = 'a-secret-of-a-client-for-tests-0001';
  const basic = `Basic ${Buffer.from(`night-job:${secret}`).toString('base64')}`;
  let mine: string;
  let theirs: string;

  beforeAll(async () => {
    if (skipped) return;
    const job = {
      secret: 'job-secret',
      grants: ['client_credentials'],
      scopes: ['storage:read'],
      tenant: 'acme',
    };
    const form = { grants: ['password'], scopes: ['storage:read'], firstParty: true };
    const oauth = { clients: { 'night-job': job, form } };
    scene.platform.configure(configOf('flask', scene.ports, { 'strata:oauth': oauth }));
    await scene.platform.pulumi(
      'config',
      'set',
      '--secret',
      '--path',
      'strata:secrets.job-secret',
      secret,
    );
    await scene.platform.succeed('up');
  });
  common('flask');

  /** A form to the OAuth server, until the gateway does not find that this address tries too often. */
  async function oauth(
    path: string,
    fields: Readonly<Record<string, string>>,
    authorization?: string,
  ): Promise<Answer> {
    const question = {
      body: new URLSearchParams(fields).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(authorization !== undefined && { authorization }),
      },
    };
    let answer: Answer | undefined;
    const tries = async (): Promise<number> => {
      answer = await ask(scene, `/oauth/${path}`, question);
      return answer.status;
    };
    await expect.poll(tries, { interval: 1_000, timeout: 60_000 }).not.toBe(429);
    if (!answer) throw new Error('nothing was answered');
    return answer;
  }

  test('signs people up by the link of a mail, and in', async () => {
    ({ mine, theirs } = await people('flask'));
  });

  test('keeps files of a tenant', () => keepsFiles(scene, mine, theirs));

  test('gives a program a token for what it may, tells of it, and ends it', async () => {
    const given = await oauth(
      'token',
      { grant_type: 'client_credentials', scope: 'storage:read' },
      basic,
    );
    expect(given.status, given.text).toBe(200);
    const { access_token: token } = given.json() as { access_token: string };
    const list = () => ask(scene, '/storage/files', { token });
    expect((await list()).status).toBe(200);
    const body = { name: 'x.txt', mimeType: 'text/plain', size: 1 };
    expect((await ask(scene, '/storage/files', { token, body })).status).toBe(403);
    const active = async () => (await oauth('token/introspection', { token }, basic)).json();
    expect(await active()).toMatchObject({ active: true, scope: 'storage:read' });
    expect((await oauth('token/revocation', { token }, basic)).status).toBe(200);
    expect(await active()).toEqual({ active: false });
    await expect.poll(async () => (await list()).status, { timeout: 10_000 }).toBe(401);
    const guessed = `Basic ${Buffer.from('night-job:guessed').toString('base64')}`;
    expect((await oauth('token', { grant_type: 'client_credentials' }, guessed)).status).toBe(401);
  });

  test("trades a password for the own tenant's token in a program of one's own", async () => {
    const fields = {
      grant_type: 'password',
      client_id: 'form',
      scope: 'storage:read',
      username: addressOf('acme', 'flask'),
      tenant: 'acme',
    };
    const traded = await oauth('token', { ...fields, password: 'correct horse battery' });
    expect(traded.status, traded.text).toBe(200);
    expect((await oauth('token', { ...fields, password: 'wrong horse battery' })).status).toBe(400);
    const elsewhere = { ...fields, password: 'correct horse battery', tenant: 'globex' };
    expect((await oauth('token', elsewhere)).status).toBe(400);
  });

  test('opens pgAdmin for operators, at the database as the auditor', async () => {
    const headers = operator(scene);
    expect((await ask(scene, '/pgadmin/login')).status).toBe(401);
    expect((await ask(scene, '/pgadmin/login', { headers })).text).toContain('pgAdmin');
    const login = new URLSearchParams({
      email: 'operator@example.org',
      password: scene.outputs.operator.password,
    });
    const opened = await ask(scene, '/pgadmin/authenticate/login', {
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: login.toString(),
    });
    expect(opened.json()).toEqual({ user: 'strata_auditor', database: 'strata' });
  });
});
