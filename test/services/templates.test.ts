import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Person, readWorld } from '../sql/support/world';
import { deploy } from '../sql/support/platform';
import { type Server, startServer } from '../sql/support/server';
import { follow, type Followed } from '../support/follow';
import { goWith, pythonWith, type Tool } from '../support/tools';
import { freePort } from '../support/ports';

const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-templates-'));
const source = path.resolve('templates/service');
const key = 'k'.repeat(64);
let postgres: Server;
let ann: Person;

interface Template {
  readonly name: string;
  readonly tool: Tool;
  /** What makes the program, where something does. */
  readonly build?: (program: string) => readonly string[];
  readonly command: (program: string) => readonly string[];
}

const templates: readonly Template[] = [
  {
    name: 'node',
    tool: { program: process.execPath },
    command: (program) => [program, 'server.mjs'],
  },
  {
    name: 'python',
    tool: pythonWith(path.join(source, 'python/requirements.txt')),
    command: (program) => [program, '-m', 'gunicorn', 'service:app'],
  },
  {
    name: 'go',
    tool: goWith(path.join(source, 'go')),
    build: (program) => [program, 'build', '-o', path.join(folder, 'go-service'), '.'],
    command: () => [path.join(folder, 'go-service')],
  },
];

beforeAll(async () => {
  cpSync(source, path.join(folder, 'services'), { recursive: true });
  symlinkSync(path.resolve('node_modules'), path.join(folder, 'services/node/node_modules'));
  writeFileSync(path.join(folder, 'key'), `${key}\n`);
  postgres = await startServer();
  await deploy(postgres, 'services');
  ann = (await readWorld(await postgres.connect('postgres', 'services'))).ann;
});

afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
});

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  readonly output: Followed;
}

async function start(template: Template, database?: string): Promise<Running> {
  if ('missing' in template.tool) throw new Error(template.tool.missing);
  const port = await freePort();
  const [program = '', ...args] = template.command(template.tool.program);
  if (database !== undefined) writeFileSync(path.join(folder, 'url'), database);
  const child = spawn(program, args, {
    cwd: path.join(folder, 'services', template.name),
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: String(port),
      JWT_KEY_FILE: path.join(folder, 'key'),
      JWT_ISSUER: 'strata',
      JWT_AUDIENCE: 'strata',
      PYTHONDONTWRITEBYTECODE: '1',
      ...(database !== undefined && { DATABASE_URL_FILE: path.join(folder, 'url') }),
    },
  });
  children.push(child);
  const output = follow(child);
  await output.line(/listening (on|at)/i);
  return { url: `http://127.0.0.1:${port}`, child, output };
}

function claimsOf({ tenant, id }: Person) {
  return {
    'x-hasura-tenant-id': tenant,
    'x-hasura-user-id': id,
    'x-hasura-role': 'tenant_admin',
  };
}

function token(claims: Record<string, unknown>, how: { key?: string; expires?: string } = {}) {
  return new SignJWT({ 'https://hasura.io/jwt/claims': claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('strata')
    .setAudience('strata')
    .setSubject('x')
    .setExpirationTime(how.expires ?? '1 minute')
    .sign(new TextEncoder().encode(how.key ?? key));
}

async function whoami(url: string, bearer: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}/whoami`, { headers: { authorization: `Bearer ${bearer}` } });
  return { status: answer.status, body: await answer.json() };
}

/** Accepts connections and says nothing until it is told to end them. */
async function silentServer() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `postgresql://x:x@127.0.0.1:${(server.address() as AddressInfo).port}/x?sslmode=disable`,
    asked: once(server, 'connection'),
    end: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

for (const template of templates) {
  const why = 'missing' in template.tool ? ` (skipped: ${template.tool.missing})` : '';
  describe.skipIf(why !== '')(`the template ${template.name}${why}`, () => {
    beforeAll(() => {
      if (template.build === undefined || 'missing' in template.tool) return;
      const [program = '', ...args] = template.build(template.tool.program);
      execFileSync(program, args, { cwd: path.join(folder, 'services', template.name) });
    });

    test('is healthy without a database, answers, and knows only its own paths', async () => {
      const { url } = await start(template);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const answer = await fetch(`${url}/`);
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect({ status: answer.status, body: await answer.json() }).toEqual({
        status: 200,
        body: { hello: 'world' },
      });
      expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    });

    test('acts for the tenant of a verified token in Postgres', async () => {
      const { url } = await start(template, postgres.url('strata_app', 'services'));
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const said = await whoami(url, await token(claimsOf(ann)));
      expect(said).toEqual({
        status: 200,
        body: {
          caller: { tenant: ann.tenant, user: ann.id, role: 'admin' },
          database: { tenant: ann.tenant, user: ann.id },
        },
      });
    });

    test('believes no header of the gateway and no token that is not of this platform', async () => {
      const { url } = await start(template);
      const claims = claimsOf(ann);
      const none = Buffer.from('{"alg":"none"}').toString('base64url');
      const [, payload = ''] = (await token(claims)).split('.');
      const forged = {
        'of another key': await token(claims, { key: 'x'.repeat(64) }),
        'that has expired': await token(claims, { expires: '-1 minute' }),
        'without a signature': `${none}.${payload}.`,
        'that is none': 'x',
      };
      for (const [what, bearer] of Object.entries(forged)) {
        expect({ what, ...(await whoami(url, bearer)) }).toMatchObject({ what, status: 401 });
      }
      const headers = { 'x-strata-tenant': ann.tenant, 'x-strata-user': ann.id };
      expect((await fetch(`${url}/whoami`, { headers })).status).toBe(401);
      const noTenant = await token({ ...claims, 'x-hasura-role': 'admin' });
      expect((await whoami(url, noTenant)).status).toBe(403);
    });

    test('is not healthy while its database is away', async () => {
      const { url } = await start(template, `postgresql://x@127.0.0.1:${await freePort()}/x`);
      expect((await fetch(`${url}/healthz`)).status).toBe(503);
    });

    test('writes a line of JSON for a request, without the query', async () => {
      const { url, output } = await start(template);
      await fetch(`${url}/?password=hush`, { headers: { 'x-request-id': 'r1' } });
      const line = JSON.parse(await output.line(/"r1"/)) as Record<string, unknown>;
      expect(line).toMatchObject({ requestId: 'r1', method: 'GET', path: '/', status: 200 });
      for (const text of output.lines) expect(() => JSON.parse(text) as unknown).not.toThrow();
      expect(output.lines.join('\n')).not.toContain('hush');
    });

    test('finishes what is under way when it is told to stop, and ends without an error', async () => {
      const database = await silentServer();
      const { url, child, output } = await start(template, database.url);
      const claims = claimsOf(ann);
      const answer = whoami(url, await token(claims));
      await database.asked;
      child.kill('SIGTERM');
      await output.line(/stopping|handling signal: term/i);
      database.end();
      expect((await answer).status).toBe(500);
      expect((await output.ended).code).toBe(0);
    });
  });
}
