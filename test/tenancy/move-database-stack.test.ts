import { chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { withAuthorities } from '../../engine/move-database/ends';
import { endsInState } from '../../engine/move-database/stack-ends';
import { withClient } from '../../provider/database/connect';
import type { Ends } from '../../provider/database-move/ends';
import { moveDatabases } from '../../provider/database-move/move';
import { run, type Tools } from '../../provider/database-move/tools';
import { generate } from '../../provider/secrets/password';
import { databaseAt } from '../../provider/tenancy/clusters';
import { issueAuthority, issueCertificate, type Issued } from '../../provider/tls/issue';
import { startServer, type Server } from '../sql/support/server';
import { AwsCliStandIn } from '../support/aws/cli';
import { movingHost, movingState } from '../support/moving-state';
import { findKit, managedServer, type Kit } from './support/database-move';

const found = findKit();
const title = found ? '' : ' (skipped: no Debian package of Postgres with pg_dump)';
const none: Kit = { programs: '', tools: { dump: '', restore: '' } };

describe.skipIf(!found)(
  `a stack’s database moves through sessions (a stand-in for the AWS CLI)${title}`,
  () => {
    const { tools, bin } = found ?? none;
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-reach-'));
    const file = (name: string) => path.join(folder, name);
    const passwords = { source: generate(24), target: generate(24) };
    let authorities: Record<'platform' | 'amazon', Issued>;
    let cli: AwsCliStandIn;
    let source: Server;
    let target: Server;

    beforeAll(async () => {
      const options = bin === undefined ? {} : { bin };
      [source, target] = await Promise.all([startServer(options), managedServer(found ?? none)]);
      authorities = {
        platform: await issueAuthority('Strata prod', 30),
        amazon: await issueAuthority('Stand-in of Amazon RDS', 30),
      };
      await shut(source, 'postgres', passwords.source, ['database'], authorities.platform);
      await shut(target, 'provider', passwords.target, [movingHost], authorities.amazon);
      cli = new AwsCliStandIn({
        'localhost:25432': portOf(source),
        [`${movingHost}:5432`]: portOf(target),
      });
      await asAdmin(({ source: url }) =>
        withClient(url, async (client) => {
          await client.query('create role app login');
          await client.query('create database strata owner app');
          await withClient(databaseAt(url, 'strata'), (there) =>
            there.query(`alter schema public owner to app; create table public.given (); alter table public.given owner to app;
            create schema own authorization app; create table own.notes as select n, 'äöü' as body from generate_series(1, 1000) as n;
            alter table own.notes owner to app; alter table own.notes enable row level security;
            alter table own.notes force row level security; create policy none on own.notes using (false)`),
          );
        }),
      );
    });
    afterAll(async () => {
      await Promise.all([source.stop(), target.stop(), cli.remove()]);
      rmSync(folder, { recursive: true });
    });
    beforeEach(() => {
      vi.stubEnv('PATH', cli.path);
      // What a person's shell says of Postgres is not meant for a move.
      writeFileSync(file('services'), '[elsewhere]\nport=1\nsslmode=disable\n');
      vi.stubEnv('PGSERVICEFILE', file('services'));
      vi.stubEnv('PGSERVICE', 'elsewhere');
    });
    afterEach(() => {
      vi.unstubAllEnvs();
    });

    /** Works as the command does, by the state of a stack. */
    function asAdmin<T>(
      work: (ends: Ends) => Promise<T>,
      trusted = { platform: authorities.platform, amazon: authorities.amazon },
    ): Promise<T> {
      vi.stubEnv('PATH', cli.path);
      const state = movingState({ certificate: trusted.platform.certificate, ...passwords });
      return withAuthorities(
        endsInState('prod', state, () => trusted.amazon.certificate),
        work,
      );
    }

    /** From here on a server asks for TLS and a password. */
    async function shut(
      server: Server,
      superuser: string,
      password: string,
      names: readonly string[],
      authority: Issued,
    ): Promise<void> {
      const { certificate, key } = await issueCertificate(names, 30, authority);
      const { uid, gid } = statSync(server.data);
      for (const [name, text] of [
        ['server.crt', certificate],
        ['server.key', key],
        ['pg_hba.conf', 'hostssl all postgres 127.0.0.1/32 scram-sha-256\n'],
      ] as const) {
        const made = path.join(server.data, name);
        writeFileSync(made, text, { mode: 0o600 });
        // Where this is root, Postgres is somebody else.
        chownSync(made, uid, gid);
      }
      const client = await server.connect(superuser, 'postgres');
      await client.query(`alter role postgres password '${password}'`);
      await client.query('alter system set ssl = on');
      await client.query('select pg_reload_conf()');
      await client.end();
    }

    /** The programs, which note what they are called with; the first reading of rows is preceded by `before`. */
    function noted(before = 'true'): Tools {
      const wrap = (program: string): string => {
        const script = file(path.basename(program));
        const lines = [
          '#!/bin/sh',
          `echo "$0 $*" >> ${file('called')}`,
          `case "$0 $*" in *pg_dump*--data-only*) ${before} ;; esac`,
          `exec ${program} "$@"`,
        ];
        writeFileSync(script, `${lines.join('\n')}\n`, { mode: 0o755 });
        return script;
      };
      return { dump: wrap(tools.dump), restore: wrap(tools.restore) };
    }

    test.each(['source', 'target'] as const)(
      'an attack: who has no certificate of the authority for the name of the %s is told nothing',
      async (end) => {
        const other = await issueAuthority('Somebody', 30);
        const dump = (url: string) =>
          run({
            program: tools.dump,
            args: ['--schema-only', '--no-password'],
            url,
            database: 'postgres',
          });
        const ask = (url: string) => withClient(url, (client) => client.query('select'));
        await asAdmin(
          async (ends) => {
            await expect(ask(ends[end])).rejects.toThrow(
              /self.signed certificate|unable to verify/,
            );
            await expect(dump(ends[end])).rejects.toThrow('certificate verify failed');
          },
          { platform: other, amazon: other },
        );
        await asAdmin(async (ends) => {
          const wrong = new URL(ends[end]);
          wrong.searchParams.set('hostaddr', end === 'source' ? '127.0.0.1' : movingHost);
          wrong.hostname = 'gateway';
          await expect(ask(wrong.href)).rejects.toThrow(
            "Host: gateway. is not in the cert's altnames",
          );
          await expect(dump(wrong.href)).rejects.toThrow('does not match host name "gateway"');
        });
      },
    );

    test('sessions that are lost in the middle: the source is open again, nothing is at the target', async () => {
      const standing = (ends: Ends) =>
        Promise.all(
          [ends.source, ends.target].map((url) =>
            withClient(url, async (client) => {
              const { rows } = await client.query(
                `select (select jsonb_agg(jsonb_build_array(datname, datconnlimit) order by datname) from pg_database) as databases,
                 (select jsonb_agg(rolname order by rolname) from pg_roles) as roles`,
              );
              return rows as unknown[];
            }),
          ),
        );
      await asAdmin(async (ends) => {
        const before = await standing(ends);
        const opened = cli.calls().length;
        await expect(moveDatabases(ends, { tools: noted(cli.cut) })).rejects.toThrow(
          /^\S+pg_(dump|restore) failed/,
        );
        expect(await standing(ends)).toEqual(before);
        expect(cli.calls().length).toBe(opened + 3);
      });
    });

    test('every row moves, and no password stands in any list of processes', async () => {
      rmSync(file('called'), { force: true });
      const told: string[] = [];
      await asAdmin(async (ends) => {
        const report = await moveDatabases(ends, {
          tools: noted(),
          tell: (step) => void told.push(step),
        });
        expect(report).toMatchObject({ databases: 1, tables: 2, switched: true });
        const roles = await withClient(ends.target, (client) =>
          client.query(`select rolcanlogin from pg_roles where rolname = 'app'`),
        );
        expect(roles.rows).toEqual([{ rolcanlogin: true }]);
        await expect(
          withClient(databaseAt(ends.target, 'strata'), (client) =>
            client.query('set role app; select from own.notes'),
          ),
        ).rejects.toThrow('permission denied');
      });
      const called = readFileSync(file('called'), 'utf8');
      expect(called).toMatch(/pg_dump .*--data-only[^]*pg_restore .*--section=post-data/);
      const shown = called + JSON.stringify(cli.calls()) + told.join('\n');
      expect(shown).toContain('every row is compared');
      for (const password of Object.values(passwords)) expect(shown).not.toContain(password);
    });
  },
);

function portOf(server: Server): number {
  return Number(new URL(server.url('postgres', 'postgres')).port);
}
