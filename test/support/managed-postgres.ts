import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { serverUser } from '../../provider/local/folders';
import { issueAuthority, issueCertificate } from '../../provider/tls/issue';
import { startServer, type Server } from '../sql/support/server';

/** Where the stand-in answers: no name of the platform's. */
const host = 'localhost';

/** A real Postgres that is set up as RDS hands one out. */
export interface ManagedPostgres {
  readonly server: Server;
  readonly host: string;
  readonly port: number;
  /** Certificate (PEM) of who signed the server's own; not the platform's authority. */
  readonly authority: string;
  stop(): Promise<void>;
}

/**
 * A stand-in for RDS: Postgres with TLS by an authority of its own, whose admin `postgres` is as AWS documents it (LOGIN
 * CREATEDB CREATEROLE, a member of `rds_superuser`, no superuser, no replication) and beside whom `rdsadmin` owns the
 * server: the bootstrap superuser, a database that nobody enters, and the extension that only a superuser may make.
 * `bin` is the folder of another Postgres' programs.
 */
export async function startManagedPostgres(
  programs: { readonly bin?: string } = {},
): Promise<ManagedPostgres> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-managed-'));
  const user = serverUser();
  if (user) chownSync(folder, user.uid, user.gid);
  const authority = await issueAuthority('Stand-in of RDS', 30);
  const { certificate, key } = await issueCertificate([host], 30, authority);
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (user) chownSync(file, user.uid, user.gid);
    return file;
  };
  const server = await startServer({
    ...programs,
    extra: {
      ssl: 'on',
      ssl_cert_file: write('server.pem', certificate),
      ssl_key_file: write('server.key', key),
      max_connections: '200',
    },
  });
  const bootstrap = await server.connect('postgres', 'postgres');
  await bootstrap.query('create role rdsadmin login superuser');
  await bootstrap.end();
  const owner = await server.connect('rdsadmin', 'template1');
  for (const statement of handedOut) await owner.query(statement);
  // Nothing is copied from a database that somebody is in.
  await owner.end();
  return {
    server,
    host,
    port: Number(new URL(server.url('postgres', 'postgres')).port),
    authority: authority.certificate,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const handedOut = [
  'alter role postgres rename to rds_bootstrap',
  'create role rds_superuser nologin',
  'grant pg_monitor, pg_signal_backend, pg_checkpoint to rds_superuser with admin option',
  'create role postgres login nosuperuser inherit createdb createrole noreplication nobypassrls',
  'grant rds_superuser to postgres',
  'alter database postgres owner to postgres',
  'alter database template1 owner to postgres',
  'create schema ext authorization postgres',
  // Not trusted: on RDS a member of rds_superuser may make it, and its functions are not his.
  'create extension pg_stat_statements schema ext',
  'create database rdsadmin',
  'revoke all on database rdsadmin from public',
];
