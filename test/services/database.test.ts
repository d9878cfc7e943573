import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseMajorCheck } from '../../components/services/database/major';
import { databasePaths } from '../../components/services/database/paths';
import { databaseServer } from '../../components/services/database/server';
import type { Job } from '../../components/services/service';
import { issueAuthority } from '../../provider/tls/issue';
import { Containers } from '../support/containers';
import { noContainers } from '../support/docker-cli';
import { Clients, labImages, labSettings, refusal } from '../support/database';
import { madeUpValues, type Values } from '../support/values';

const missing = noContainers(labImages.postgres);
const why = missing === undefined ? '' : ` (skipped: ${missing})`;
const server = databaseServer(labSettings());
const run = promisify(execFile);

describe.skipIf(missing)(`the database in a container${why}`, () => {
  let containers: Containers;
  let clients: Clients;
  let values: Values;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-database-'));
  const authority = path.join(folder, 'authority.pem');

  beforeAll(async () => {
    values = await madeUpValues(['database']);
    writeFileSync(authority, values.authority.certificate);
    containers = await Containers.create('t-database-', values);
    clients = new Clients(containers, values, authority);
    await containers.run(server, { published: true });
    await clients.makeDatabase();
  });

  afterAll(async () => {
    await clients.close();
    await containers.remove();
    rmSync(folder, { recursive: true });
  });

  test('takes every line of its files, and has checksums and an order that no update changes', async () => {
    const client = await clients.connect('database', 'postgres');
    const ask = async (sql: string) => (await client.query(sql)).rows as unknown[];
    expect({
      settings: await ask('select name, error from pg_file_settings where not applied'),
      rules: await ask('select line_number, error from pg_hba_file_rules where error is not null'),
      made: await ask(
        `select current_setting('data_checksums') as checksums, datcollate, pg_encoding_to_char(encoding) as encoding
         from pg_database where datname = 'strata'`,
      ),
    }).toEqual({
      settings: [],
      rules: [],
      made: [{ checksums: 'on', datcollate: 'C.UTF-8', encoding: 'UTF8' }],
    });
  });

  test('the same URL serves node-postgres and libpq, and both verify the server', async () => {
    const question = 'select ssl.version from pg_stat_ssl ssl where pid = pg_backend_pid()';
    const client = await clients.connect('database', 'postgres');
    const libpq = await run('psql', [await clients.url('database', 'postgres'), '-Atqc', question]);
    expect([(await client.query(question)).rows, libpq.stdout]).toEqual([
      [{ version: 'TLSv1.3' }],
      'TLSv1.3\n',
    ]);
  });

  test('without TLS nobody gets as far as a password', async () => {
    const plain = { query: 'sslmode=disable' };
    expect(await refusal(clients.connect('database', 'postgres', plain))).toContain(
      'pg_hba.conf rejects connection',
    );
  });

  test('a certificate of another authority, or for another name, is refused by the client', async () => {
    const other = path.join(folder, 'other.pem');
    writeFileSync(other, (await issueAuthority('Somebody else', 10)).certificate);
    const trusting = (file: string) => `sslmode=verify-full&sslrootcert=${file}`;
    const inside = await containers.exec(
      'database',
      ...[
        'sh',
        '-c',
        'psql "host=$(hostname -i) user=postgres sslmode=verify-full sslrootcert=/run/strata/secrets/TLS_CERTIFICATE"',
      ],
    );
    expect([
      await refusal(clients.connect('database', 'postgres', { query: trusting(other) })),
      inside.stderr,
    ]).toEqual([
      expect.stringContaining('certificate'),
      expect.stringContaining('does not match host name'),
    ]);
  });

  test.each([
    ['-tls1_1', false],
    ['-tls1_2', true],
  ])('openssl with %s is served: %s', async (version, served) => {
    const address = `127.0.0.1:${await containers.port('database')}`;
    // The client's own limits must not be what refuses.
    const args = ['s_client', '-connect', address, '-starttls', 'postgres', version];
    const shaken = run('openssl', [...args, '-cipher', 'ALL@SECLEVEL=0', '-brief']);
    shaken.child.stdin?.end();
    expect(
      await shaken.then(
        () => true,
        () => false,
      ),
    ).toBe(served);
  });

  test('a wrong password is refused, and passwords are kept as SCRAM verifiers alone', async () => {
    const client = await clients.connect('database', 'postgres');
    const { rows } = await client.query(
      "select rolname from pg_authid where rolpassword is not null and rolpassword not like 'SCRAM-SHA-256$%'",
    );
    expect(rows).toEqual([]);
    expect(
      await refusal(clients.connect('database', 'postgres', { password: 'guessed' })),
    ).toContain('password authentication failed');
  });

  test('through the socket nobody gets in but the server itself', async () => {
    const client = await clients.connect('database', 'postgres');
    await client.query("create role intruder login password 'intruder'");
    const sockets = ['/var/run/postgresql', databasePaths.sockets];
    const attempts = sockets.flatMap((socket) =>
      ['intruder', 'postgres'].map((role) =>
        containers.exec(
          'database',
          'psql',
          '-h',
          socket,
          '-U',
          role,
          '-d',
          'strata',
          '-Atqc',
          'select 1',
        ),
      ),
    );
    expect((await Promise.all(attempts)).map(({ code }) => code)).toEqual([2, 0, 2, 0]);
  });

  test('people’s data reach no log: refused rows, parameters, text of failed statements', async () => {
    const client = await clients.connect('database', 'postgres');
    const secret = 'ann-secret@example.org';
    await client.query('create table people (mail text primary key)');
    await client.query('insert into people values ($1)', [secret]);
    await refusal(client.query('insert into people values ($1)', [secret]));
    await refusal(client.query(`insert into people values ('${secret}')`));
    await refusal(client.query(`alter role nobody_there password '${secret}'`));
    await client.query('select $1::text, pg_sleep(1.2)', [secret]);
    const log = await containers.logs('database');
    expect({
      duplicate: log.includes('duplicate key value'),
      slow: log.includes('pg_sleep'),
      secret: log.includes(secret),
      password: log.includes(values({ passwordOf: 'database-admin' })),
    }).toEqual({ duplicate: true, slow: true, secret: false, password: false });
  });

  test('parallel queries have more shared memory than Docker’s 64 MB', async () => {
    const { stdout } = await containers.exec('database', 'df', '-m', '--output=size', '/dev/shm');
    expect(Number(stdout.trim().split('\n')[1])).toBeGreaterThan(64);
  });

  test('a killed server has every row that it said was committed', async () => {
    const client = await clients.connect('database', 'postgres');
    await client.query('create table kept (n int primary key)');
    let acknowledged = 0;
    let killed: Promise<void> | undefined;
    const writing = (async () => {
      for (;;) {
        await client.query('insert into kept values ($1)', [acknowledged + 1]);
        acknowledged += 1;
        if (acknowledged === 200) killed = containers.kill('database');
      }
    })();
    await refusal(writing);
    await killed;
    await containers.restart(server);
    const again = await clients.connect('database', 'postgres');
    const { rows } = await again.query<{ kept: number }>('select count(*)::int as kept from kept');
    expect(acknowledged).toBeGreaterThanOrEqual(200);
    expect(rows[0]?.kept).toBeGreaterThanOrEqual(acknowledged);
  });

  test('an image of the same major passes the check beside the running server', async () => {
    const check = databaseMajorCheck(labSettings());
    await containers.start(check);
    expect(await containers.ended(check.name)).toBe(0);
  });
});

describe.skipIf(missing)(`a killed database${why}`, () => {
  test('comes back when another program has the number that its process had', async () => {
    const values = await madeUpValues(['database']);
    const containers = await Containers.create('t-database-killed-', values);
    try {
      const locks = `${databasePaths.data}/postmaster.pid ${databasePaths.sockets}/.s.PGSQL.5432.lock`;
      const occupied = `sleep 600 & sed -i "1s/.*/$!/" ${locks} 2>/dev/null`;
      const entrypoint = ['sh', '-c', [occupied, server.entrypoint?.at(-1)].join('\n')];
      const database = { ...server, entrypoint };
      await containers.run(database);
      await containers.kill(database.name);
      await containers.restart(database);
    } finally {
      await containers.remove();
    }
  });
});

describe.skipIf(missing)(`data of another major${why}`, () => {
  test('are refused by name before anything is stopped', async () => {
    const containers = await Containers.create('t-database-old-', () => '');
    try {
      const check = databaseMajorCheck(labSettings());
      const version = `${databasePaths.data}/PG_VERSION`;
      const older: Job = {
        ...check,
        name: 'older',
        entrypoint: ['sh', '-c', `mkdir ${databasePaths.data} && echo 14 > ${version}`],
      };
      await containers.run(older);
      await containers.start(check);
      expect([await containers.ended(check.name), await containers.logs(check.name)]).toEqual([
        1,
        'The image is Postgres 15, but the data were written by Postgres 14. Go back to an image of Postgres 14; nothing was stopped or changed.\n',
      ]);
    } finally {
      await containers.remove();
    }
  });
});
