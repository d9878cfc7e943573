import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { contextFor, occupiedPort, removeProject } from '../support/local';

const project = await vi.hoisted(async () => {
  const { temporaryProject } = await import('../support/local');
  return temporaryProject();
});

import { processesIn } from '../../provider/local/identity';
import { postgres, type PostgresInputs, type PostgresState } from '../../provider/local/postgres';
import { stopProcesses } from '../../provider/local/processes';
import { volume } from '../../provider/local/volume';
import { generate } from '../../provider/secrets/password';
import { freePort } from '../support/ports';

const volumePath = '.strata/stacks/test/volumes/database-1';
const directory = path.join(project, volumePath);
const data = path.join(directory, 'data');
const context = contextFor('database');
const volumeContext = contextFor('database-1');

let inputs: PostgresInputs;
let state: PostgresState;

beforeAll(async () => {
  inputs = {
    volume: volumePath,
    port: await freePort(),
    database: 'strata',
    password: generate(24),
    settings: { max_connections: '20', shared_buffers: '16MB' },
  };
  await volume.create({ path: volumePath }, volumeContext);
  // What an initdb leaves that was killed half way.
  mkdirSync(path.join(directory, 'unfinished-1/data/base'), { recursive: true });
  writeFileSync(path.join(directory, 'unfinished-1/password'), 'old');
  ({ state } = await postgres.create(inputs, context));
}, 60_000);

afterAll(async () => {
  await stopProcesses('test');
  removeProject(project);
});

/** Runs one statement as the superuser. */
async function query(
  sql: string,
  more: { port?: number; password?: string } = {},
): Promise<unknown[]> {
  const client = new Client({
    ...inputs,
    ...more,
    host: '127.0.0.1',
    user: 'postgres',
    ssl: false,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function update(next: PostgresInputs): Promise<void> {
  const live = await postgres.read('database', state, context);
  state = (await postgres.update?.('database', live ?? state, next, context)) ?? state;
  inputs = next;
}

describe('a Postgres', () => {
  test('is there with checksums, UTF-8 and passwords only; nothing of an interrupted making is left', async () => {
    expect(state).toMatchObject({
      ...inputs,
      running: true,
      version: expect.stringMatching(/^\d+\.\d+$/) as string,
    });
    expect(state.systemIdentifier).toMatch(/^\d{10,}$/);
    expect(readdirSync(directory).sort()).toEqual(['data', 'strata-volume']);
    expect(
      await query(
        `select current_setting('data_checksums') as checksums, pg_encoding_to_char(encoding) as encoding,
           current_setting('listen_addresses') as listens, current_setting('unix_socket_directories') as sockets,
           current_setting('max_connections') as connections
         from pg_database where datname = current_database()`,
      ),
    ).toEqual([
      { checksums: 'on', encoding: 'UTF8', listens: '127.0.0.1', sockets: '', connections: '20' },
    ]);
    await expect(query('select', { password: 'guessed' })).rejects.toThrow(
      'password authentication failed',
    );
    expect(readFileSync(path.join(data, 'pg_hba.conf'), 'utf8')).not.toMatch(/trust|local +all/);
  });

  test('keeps every committed row when it is killed, even while a session is busy', async () => {
    await query('create table kept (n int)');
    await query('insert into kept select generate_series(1, 1000)');
    // It looks for nothing while it counts, so it does not notice that its server is gone.
    const busy = query('do $$ begin loop end loop; end $$').catch(() => undefined);
    await sleep(300);
    const server = Number.parseInt(readFileSync(path.join(data, 'postmaster.pid'), 'utf8'), 10);
    process.kill(server, 'SIGKILL');
    await sleep(200);

    const live = await postgres.read('database', state, context);
    expect(live).toEqual({ ...state, running: false });
    expect(postgres.diff(live ?? state, inputs)).toEqual({ running: 'update' });
    await update(inputs);
    await busy;
    expect(state.running).toBe(true);
    expect(await query('select count(*)::int as rows from kept')).toEqual([{ rows: 1000 }]);
    expect(postgres.diff(state, inputs)).toEqual({});
  }, 30_000);

  test('that hangs counts as not running, and an update mends it', async () => {
    const server = Number.parseInt(readFileSync(path.join(data, 'postmaster.pid'), 'utf8'), 10);
    process.kill(server, 'SIGSTOP');
    const live = await postgres.read('database', state, context);
    expect(live).toEqual({ ...state, running: false });
    state = (await postgres.update?.('database', live ?? state, inputs, context)) ?? state;
    expect(await query('select count(*)::int as rows from kept')).toEqual([{ rows: 1000 }]);
    expect(await postgres.read('database', state, context)).toEqual(state);
  }, 60_000);

  test('whose database is gone is not given an empty one', async () => {
    await expect(
      postgres.read('database', { ...state, database: 'dropped' }, context),
    ).rejects.toThrow(/the database dropped of database is not here: put it back/);
  });

  test('starts again although the pid in its lock file is somebody else’s by now', async () => {
    await stopProcesses('test');
    const lock = path.join(data, 'postmaster.pid');
    writeFileSync(lock, `${process.pid}\n${data}\n0\n${inputs.port}\n\n127.0.0.1\n0 0\nready\n`);
    await update(inputs);
    expect(await query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('takes changed settings, a changed port and another database', async () => {
    const { systemIdentifier } = state;
    const changed = {
      ...inputs,
      port: await freePort(),
      database: 'other',
      settings: { max_connections: '21' },
    };
    expect(postgres.diff(state, changed)).toEqual({
      port: 'update',
      database: 'update',
      settings: 'update',
    });
    await update(changed);
    expect(state).toMatchObject({ systemIdentifier, address: `127.0.0.1:${changed.port}` });
    expect(
      await query(`select current_setting('max_connections') as n, current_database() as d`),
    ).toEqual([{ n: '21', d: 'other' }]);
  });

  test('sets a changed password, also one that was changed by hand', async () => {
    await update({ ...inputs, password: generate(24) });
    expect(await query('select 1 as one')).toEqual([{ one: 1 }]);

    await query(`alter role postgres password 'by hand'`);
    const live = await postgres.read('database', state, context);
    expect(postgres.diff(live ?? state, inputs)).toEqual({ password: 'update' });
    await update(inputs);
    expect(await query('select 1 as one')).toEqual([{ one: 1 }]);
    expect(
      readFileSync(path.join(project, '.strata/stacks/test/run/database/log'), 'utf8'),
    ).not.toContain(inputs.password);
  });

  test('data of another major version is refused, and the server goes on', async () => {
    const file = path.join(data, 'PG_VERSION');
    const version = readFileSync(file);
    writeFileSync(file, '14\n');
    const problems = await postgres.precheck?.({ volume: volumePath }, undefined, context);
    await expect(update({ ...inputs, settings: {} })).rejects.toThrow('was made by Postgres 14');
    writeFileSync(file, version);
    expect(problems).toMatchObject([
      { property: 'volume', reason: expect.stringContaining('made by Postgres 14') as string },
    ]);
    expect(await query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('data that was made and is not there is an error, and is not made anew', async () => {
    const away = path.join(project, 'away');
    const missing =
      /^the data of database \(.*\/data\) is not here: put it back.*state delete 'urn:pulumi:test::.*::database' --force/s;
    renameSync(data, away);
    await expect(asked()).rejects.toThrow(missing);
    await expect(changed()).rejects.toThrow(missing);
    renameSync(away, data);
    expect(existsSync(path.join(data, 'PG_VERSION'))).toBe(true);
    expect(await postgres.read('database', state, context)).toEqual(state);

    async function asked(): Promise<unknown> {
      return await postgres.read('database', state, context);
    }

    async function changed(): Promise<unknown> {
      return await postgres.update?.('database', state, inputs, context);
    }
  });

  test('a port that another program has is refused, with the key and a free one', async () => {
    const { port, close } = await occupiedPort();
    const [problem] = (await postgres.precheck?.({ port }, undefined, context)) ?? [];
    expect(problem?.reason).toMatch(
      /\(strata:ports\.database\) is in use by another program: .*strata:ports\.database \d+$/,
    );
    close();
    expect(await postgres.precheck?.({ port: inputs.port }, undefined, context)).toEqual([]);
  });

  test('a start that fails shows what the server wrote', async () => {
    const conf = path.join(data, 'postgresql.auto.conf');
    writeFileSync(conf, "shared_preload_libraries = 'nonsense'\n");
    await expect(update(inputs)).rejects.toThrow(
      /Postgres ended with exit code 1\. Its last lines:[^]*nonsense/,
    );
    writeFileSync(conf, '');
    await update(inputs);
    expect(state.running).toBe(true);
  });
});

describe('its volume', () => {
  test('is not deleted without its token', async () => {
    for (const tokens of ['', 'test/database-11', 'test', 'other/database-1']) {
      vi.stubEnv('STRATA_DELETE_DATA', tokens);
      await expect(remove()).rejects.toThrow('STRATA_DELETE_DATA=test/database-1');
    }
    expect(existsSync(data)).toBe(true);
  });

  test('is not deleted while a server works in it', async () => {
    vi.stubEnv('STRATA_DELETE_DATA', 'x, test/database-1');
    await expect(remove()).rejects.toThrow('is in use by process');
  });

  test('is taken up again by the stack that made it, and by no other', async () => {
    await volume.create({ path: volumePath }, volumeContext);
    await expect(made({ path: volumePath }, contextFor('database-2'))).rejects.toThrow(
      'is the volume test/database-1, not test/database-2',
    );
  });

  test('goes with its token once the server is deleted', async () => {
    vi.stubEnv('STRATA_DELETE_DATA', 'x, test/database-1');
    await postgres.delete('database', state, context);
    expect(processesIn(data)).toEqual([]);
    expect(await volume.read(volumePath, { path: volumePath }, volumeContext)).toBeDefined();
    await remove();
    expect(existsSync(directory)).toBe(false);
    expect(await postgres.read('database', state, context)).toMatchObject({ running: false });
  });

  test('that is recorded and not there, or an empty folder in its place, is an error', async () => {
    const missing =
      /^the folder of volume database-1 \(.*\) is not here: put it back.*state delete 'urn:/s;
    await expect(read()).rejects.toThrow(missing);
    mkdirSync(directory, { recursive: true });
    await expect(read()).rejects.toThrow(missing);
  });

  async function read(): Promise<unknown> {
    return await volume.read(volumePath, { path: volumePath }, volumeContext);
  }

  async function remove(): Promise<void> {
    await volume.delete(volumePath, { path: volumePath }, volumeContext);
  }

  async function made(...args: Parameters<typeof volume.create>): Promise<unknown> {
    return await volume.create(...args);
  }
});
