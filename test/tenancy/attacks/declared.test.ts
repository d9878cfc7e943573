import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Server } from '../../sql/support/server';
import { closed, entrances } from './support/entrances';
import { startScene } from './support/scene';
import { besiege } from './support/siege';

let server: Server;
let tried = 0;

beforeAll(async () => {
  server = await startScene();
});

afterAll(async () => {
  console.info(`${String(tried)} attacks generated from the declaration`);
  await server.stop();
});

describe('every attack of the declaration comes to what it must', () => {
  test.each(entrances)('$name', async (entrance) => {
    const found = await besiege(server, entrance);
    tried += found.tried;
    expect(found.surprises).toEqual([]);
    expect(found.tried).toBeGreaterThan(50);
    if (entrance.expected !== entrances.at(-1)?.expected) expect(found.allowed).toBeGreaterThan(20);
    else expect(found.allowed).toBe(0);
  });
});

describe('nobody connects', () => {
  test.each(closed)('as %s to %s', async (login, database) => {
    await expect(server.connect(login, database)).rejects.toThrow(
      /permission denied for database|is not permitted to log in/,
    );
  });
});
