import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attacks } from './attacks';
import { controls } from './controls';
import { Arena } from './support/attempt';
import { deploy } from './support/platform';
import { startServer, type Server } from './support/server';
import { verdict } from './support/verdict';
import { readWorld } from './support/world';

let server: Server;
let arena: Arena;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'isolation');
  arena = new Arena(
    server,
    'isolation',
    await readWorld(await server.connect('postgres', 'isolation')),
  );
});

afterAll(() => server.stop());

describe('somebody who may do something can do it', () => {
  test.each(controls)('$name', async (control) => {
    const { code, count, text } = await arena.attempt(control);
    expect({ code, count }, text).toEqual({ code: undefined, count: control.rows });
  });
});

describe('an attack fails', () => {
  test.each(attacks)('$name', async (attack) => {
    expect(await verdict(arena, attack)).toBeUndefined();
  });

  test('and each has a name of its own', () => {
    expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
  });
});
