import { beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { testImages } from '../support/lab';
import { ask } from './support/client';
import { absent, openScene, type Scene } from './support/scene';

let scene: Scene;

/** Says who asks, as the gateway told it; and gives back what comes by a web socket. */
const program = `
  const { createHash } = require('node:crypto');
  const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const server = require('node:http').createServer((request, response) => {
    response.end(JSON.stringify({ url: request.url, tenant: request.headers['x-strata-tenant'] }));
  });
  server.on('upgrade', ({ headers }, socket) => {
    const accept = createHash('sha1').update(headers['sec-websocket-key'] + magic).digest('base64');
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
      'Sec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
    const text = Buffer.from('hello ' + headers['x-strata-tenant']);
    socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
  });
  server.listen(process.env.PORT);
  process.on('SIGTERM', () => process.exit());
`;

beforeAll(async () => {
  if (absent) return;
  const echo = {
    image: testImages.node,
    command: ['node', '-e', program],
    port: 8100,
    route: { path: '/echo/', access: 'token', websocket: true },
  };
  scene = await openScene(() => ({ 'strata:customServices': { echo } }));
});

/** The first words that come by a web socket, or the status that refused it. */
function listen(headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://localhost:${String(scene.ports.https)}/echo/`, {
      ca: scene.outputs.authority,
      headers,
    });
    socket.on('message', (data: Buffer) => {
      resolve(data.toString());
      socket.terminate();
    });
    socket.on('unexpected-response', (_, { statusCode }) => {
      resolve(String(statusCode));
      socket.terminate();
    });
    socket.on('error', reject);
  });
}

describe.skipIf(absent)('a service of the user', () => {
  test('is asked at its route by holders of a token alone, and told whose it is', async () => {
    expect((await ask(scene, '/echo/a')).status).toBe(401);
    const answer = await ask(scene, '/echo/a', {
      token: scene.tokenOf('gus'),
      headers: { 'x-strata-tenant': scene.members.ann.tenantId },
    });
    expect(answer.json()).toMatchObject({ tenant: scene.members.gus.tenantId });
  });

  test('is reached by web sockets, with a token only and never as another tenant', async () => {
    expect(await listen({})).toBe('401');
    const authorization = `Bearer ${scene.tokenOf('ann')}`;
    expect(await listen({ authorization })).toBe(`hello ${scene.members.ann.tenantId}`);
    const forged = { authorization, 'x-strata-tenant': scene.members.gus.tenantId };
    expect(await listen(forged)).toBe(`hello ${scene.members.ann.tenantId}`);
    expect(await listen({ authorization, origin: 'https://evil.example' })).toBe('403');
  });
});
