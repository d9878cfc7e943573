import http from 'node:http';
import tls from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ask } from './support/client';
import { logOf, prefix } from './support/platform';
import { absent, openScene, type Scene } from './support/scene';

let scene: Scene;

beforeAll(async () => {
  if (!absent) scene = await openScene();
});

function handshake(options: tls.ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket: tls.TLSSocket = tls.connect(
      { host: '127.0.0.1', port: scene.ports.https, servername: 'localhost', ...options },
      () => {
        resolve(socket.getProtocol() ?? 'none');
        socket.end();
      },
    );
    socket.on('error', ({ message }: Error) => {
      resolve(message);
    });
  });
}

describe.skipIf(absent)('the gateway, from outside', () => {
  test('speaks TLS 1.2 and 1.3 with a certificate of the platform, and nothing older', async () => {
    const ca = scene.outputs.authority;
    expect(await handshake({ ca, maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
    expect(await handshake({ ca })).toBe('TLSv1.3');
    expect(await handshake({ ca, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).toMatch(
      /protocol|alert/i,
    );
    expect(await handshake({})).toMatch(/self-signed|unable to/);
  });

  test('sends plain HTTP to https and serves nothing by it', async () => {
    const { status, location } = await new Promise<{ status?: number; location?: string }>(
      (resolve, reject) => {
        http
          .get(
            {
              host: '127.0.0.1',
              port: scene.ports.http,
              path: '/graphql?x=1',
              headers: { host: 'localhost' },
            },
            (response) => {
              response.resume();
              resolve({
                ...(response.statusCode !== undefined && { status: response.statusCode }),
                ...(response.headers.location !== undefined && {
                  location: response.headers.location,
                }),
              });
            },
          )
          .on('error', reject);
      },
    );
    expect({ status, location }).toEqual({
      status: 308,
      location: `https://localhost:${String(scene.ports.https)}/graphql?x=1`,
    });
  });

  test('gives each answer the headers that browsers protect people by, and not its version', async () => {
    const { headers } = await ask(scene, '/functions/project-summary', {
      token: scene.tokenOf('ann'),
    });
    expect(headers).toMatchObject({
      server: 'nginx',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringContaining("default-src 'self'") as string,
      'referrer-policy': 'strict-origin-when-cross-origin',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    });
  });

  test('knows no other names than its own, and no other paths than its routes', async () => {
    await expect(
      ask(scene, '/', { host: 'evil.example', token: scene.tokenOf('ann') }),
    ).rejects.toThrow(/alert|disconnected|hang up|reset/);
    expect((await ask(scene, '/nothing-here')).status).toBe(404);
    expect((await ask(scene, '/graphql/../storage/files')).status).toBe(400);
  });

  test('takes no larger body than a route allows, and no longer a query than the guard reads', async () => {
    const token = scene.tokenOf('ann');
    const large = JSON.stringify({
      query: `{ notes { nodes { body } } } # ${'x'.repeat(2_000_000)}`,
    });
    expect((await ask(scene, '/graphql', { token, body: large })).status).toBe(413);
    const deep = `{ ${'notes { nodes { project { '.repeat(10)} id ${'} } }'.repeat(10)} }`;
    const answer = await ask(scene, '/graphql', { token, body: { query: deep } });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/deep|depth/i);
  });

  test('logs one line of JSON for a request, with tenant and request id, and neither token nor query', async () => {
    const token = scene.tokenOf('ann');
    const { headers } = await ask(scene, '/functions/project-summary?password=hunter2', { token });
    const id = String(headers['x-request-id']);
    const find = async () =>
      (await logOf(`${prefix}gateway-1`)).split('\n').find((one) => one.includes(id));
    await expect.poll(find).toBeDefined();
    const line = await find();
    expect(JSON.parse(line ?? '')).toMatchObject({
      id,
      tenant: scene.members.ann.tenantId,
      status: 200,
    });
    expect(line).not.toContain(token);
    expect(line).not.toContain('hunter2');
  });

  test('lets nobody through a WebSocket who has no token', async () => {
    const heard: string[] = [];
    const code = await new Promise<number>((resolve, reject) => {
      const url = `wss://localhost:${String(scene.ports.https)}/graphql`;
      const socket = new WebSocket(url, 'graphql-transport-ws', { ca: scene.outputs.authority });
      // It opens for anybody: who is meant stands in the first message.
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (data: Buffer) => heard.push(data.toString()));
      socket.on('close', resolve);
      socket.on('error', reject);
    });
    expect(code).toBeGreaterThanOrEqual(4400);
    expect(heard).toEqual([]);
  });

  test('asks operators for their login, on top of their address', async () => {
    for (const path of ['/operator/prometheus/', '/operator/alertmanager/']) {
      expect((await ask(scene, path)).status, path).toBe(401);
      const authorization = `Basic ${Buffer.from('operator:guessed').toString('base64')}`;
      expect((await ask(scene, path, { headers: { authorization } })).status, path).toBe(401);
      // A member's token is not an operator's login.
      expect((await ask(scene, path, { token: scene.tokenOf('ann') })).status, path).toBe(401);
    }
  });
});
