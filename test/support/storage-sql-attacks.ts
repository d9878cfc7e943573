import type { World } from '../sql/support/world';
import type { Ended, Who } from './storage-sql';

/** What is attacked: files by what they are. */
export interface Scene {
  readonly world: World;
  readonly files: Readonly<Record<'private' | 'shared' | 'open' | 'stale' | 'victim', string>>;
}

export const hash = 'a'.repeat(64);

/** Announces a file; `more` are columns as SQL. */
export const insert = (more: Record<string, string> = {}): string => {
  const values = { name: "'n'", mime_type: "'text/plain'", size: '1', ...more };
  return `insert into storage.files (${Object.keys(values).join()}) values (${Object.values(values).join()})`;
};
export const denied = { code: '42501' };
const none: Ended = { rows: [], count: 0 };

export interface Try {
  readonly name: string;
  readonly as: Who;
  readonly sql: (at: Scene) => readonly string[];
  readonly ends: Ended;
}

export const attacks: readonly Try[] = [
  {
    name: 'reads the files of another tenant',
    as: 'ann',
    sql: ({ world }) => [`select * from storage.files where tenant_id = '${world.globex.id}'`],
    ends: none,
  },
  {
    name: "reads another member's private file",
    as: 'bob',
    sql: ({ files }) => [`select * from storage.files where id = '${files.private}'`],
    ends: none,
  },
  {
    name: 'reads without claims',
    as: 'tenant without claims',
    sql: () => ['select * from storage.files'],
    ends: none,
  },
  {
    name: 'reads as the bare login',
    as: 'bare',
    sql: () => ['select * from storage.files'],
    ends: denied,
  },
  {
    name: 'changes a file of another tenant',
    as: 'ann',
    sql: ({ files }) => [
      `update storage.files set status = 'deleting' where id = '${files.victim}'`,
    ],
    ends: none,
  },
  {
    name: "changes another member's file",
    as: 'bob',
    sql: ({ files }) => [
      `update storage.files set status = 'deleting' where id = '${files.shared}'`,
    ],
    ends: none,
  },
  {
    name: 'deletes a file whose object is still there',
    as: 'ann',
    sql: () => ['delete from storage.files'],
    ends: none,
  },
  {
    name: 'adds a file for another tenant',
    as: 'ann',
    sql: ({ world }) => [insert({ tenant_id: `'${world.globex.id}'` })],
    ends: denied,
  },
  {
    name: 'adds a file for another member',
    as: 'bob',
    sql: ({ world }) => [insert({ owner_id: `'${world.ann.id}'` })],
    ends: denied,
  },
  {
    name: 'adds a file that is ready',
    as: 'bob',
    sql: () => [insert({ status: "'ready'", sha256: `'${hash}'` })],
    ends: denied,
  },
  {
    name: 'makes a private file public',
    as: 'ann',
    sql: () => [`update storage.files set visibility = 'public'`],
    ends: denied,
  },
  {
    name: 'makes a file larger than was counted',
    as: 'ann',
    sql: () => ['update storage.files set size = 1'],
    ends: denied,
  },
  {
    name: 'gives a file away',
    as: 'ann',
    sql: ({ world }) => [`update storage.files set tenant_id = '${world.globex.id}'`],
    ends: denied,
  },
  {
    name: 'keeps an unfinished file for ever',
    as: 'ann',
    sql: () => ["update storage.files set expires_at = 'infinity'"],
    ends: denied,
  },
  {
    name: 'leaves out a state',
    as: 'bob',
    sql: () => [
      insert(),
      `update storage.files set status = 'ready', sha256 = '${hash}' where status = 'pending'`,
    ],
    ends: { code: '23514' },
  },
  {
    name: 'uploads a second time',
    as: 'ann',
    sql: ({ files }) => [
      `update storage.files set status = 'uploading' where id = '${files.private}'`,
    ],
    ends: { code: '23514' },
  },
  {
    name: 'is ready without a hash',
    as: 'bob',
    sql: () => [
      insert(),
      "update storage.files set status = 'uploading' where status = 'pending'",
      "update storage.files set status = 'ready' where status = 'uploading'",
    ],
    ends: { code: '23514' },
  },
  {
    name: 'resets what is counted',
    as: 'ann',
    sql: () => ['update storage.tenant_usage set bytes = 0'],
    ends: denied,
  },
  {
    name: 'reads what others keep',
    as: 'ann',
    sql: () => ['select * from storage.tenant_usage'],
    ends: denied,
  },
  {
    name: 'reads what members keep',
    as: 'ann',
    sql: () => ['select * from storage.user_usage'],
    ends: denied,
  },
  {
    name: 'raises the limits',
    as: 'ann',
    sql: () => ['select storage.set_limits(1, 1, 1, 1, 1)'],
    ends: denied,
  },
  {
    name: 'writes the limits',
    as: 'ann',
    sql: () => ['update storage.limits set file_bytes = 1'],
    ends: denied,
  },
  {
    name: 'asks for all tenants',
    as: 'ann',
    sql: () => ['select * from storage.tenants()'],
    ends: denied,
  },
  {
    name: 'asks for what all tenants keep',
    as: 'ann',
    sql: () => ['select * from storage.usage_figures(10)'],
    ends: denied,
  },
  {
    name: 'asks for a public file of another tenant',
    as: 'ann',
    sql: ({ files }) => [`select * from storage.public_file('globex', '${files.open}')`],
    ends: denied,
  },
  {
    name: 'asks the service for a file that is not public',
    as: 'bare',
    sql: ({ files }) => [`select * from storage.public_file('globex', '${files.victim}')`],
    ends: none,
  },
  {
    name: "asks the service for a public file by another tenant's name",
    as: 'bare',
    sql: ({ files }) => [`select * from storage.public_file('acme', '${files.open}')`],
    ends: none,
  },
  {
    name: "runs the service's functions in a request of a tenant",
    as: 'owner with claims',
    sql: ({ files }) => [`select * from storage.public_file('globex', '${files.open}')`],
    ends: none,
  },
  {
    name: "finds a careless function of the owner's",
    as: 'ann',
    sql: () => ['select app.careless_files() as files'],
    ends: { rows: [{ files: '0' }], count: 1 },
  },
  { name: 'truncates', as: 'ann', sql: () => ['truncate storage.files'], ends: denied },
];
