import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkServices } from '../../engine/health';
import { table } from '../../engine/terminal';

let status = 200;
let port: number;
const server = createServer((request, response) => {
  if (request.url === '/moved') response.writeHead(302, { location: '/healthz' }).end();
  else response.writeHead(status).end();
});

beforeEach(async () => {
  status = 200;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function reasonOf(
  health: string | undefined,
  state?: { problem?: string; logTail: string },
): Promise<string | undefined> {
  const [service] = await checkServices(
    { one: { kind: 'workload', where: 'here', ...(health !== undefined && { health }) } },
    new Map(state ? [['one', state]] : []),
  );
  expect(service?.healthy).toBe(service?.reason === undefined);
  return service?.reason;
}

describe('a service is healthy when', () => {
  test('its URL answers with success, or its port accepts', async () => {
    expect(await reasonOf(`http://127.0.0.1:${String(port)}/healthz`)).toBeUndefined();
    expect(await reasonOf(`tcp://127.0.0.1:${String(port)}`)).toBeUndefined();
  });

  test('it has nothing to ask and its process runs', async () => {
    expect(await reasonOf(undefined, { logTail: '' })).toBeUndefined();
  });
});

describe('a service that is not healthy says why', () => {
  test('the status that it answers with', async () => {
    status = 503;
    expect(await reasonOf(`http://127.0.0.1:${String(port)}/healthz`)).toContain('status 503');
  });

  test('a redirect: what it leads to is not the service', async () => {
    expect(await reasonOf(`http://127.0.0.1:${String(port)}/moved`)).toContain('status 302');
  });

  test('a refused port', async () => {
    await new Promise((resolve) => server.close(resolve));
    const refused = /refuses connections/;

    expect(await reasonOf(`http://127.0.0.1:${String(port)}/healthz`)).toMatch(refused);
    expect(await reasonOf(`tcp://127.0.0.1:${String(port)}`)).toMatch(refused);
  });

  test('a dead process with its last log lines, before its port is asked', async () => {
    const reason = await reasonOf(`tcp://127.0.0.1:${String(port)}`, {
      problem: 'its process does not run',
      logTail: 'out of memory',
    });
    expect(reason).toContain('its process does not run');
    expect(reason).toContain('out of memory');
  });
});

test('a table’s columns are as wide as their widest cell', () => {
  const rows = [
    ['A', 'B'],
    ['long', 'x'],
  ];
  expect(stripVTControlCharacters(table(rows))).toBe('A     B\nlong  x');
});
