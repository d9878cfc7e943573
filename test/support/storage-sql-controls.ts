import { insert, type Try } from './storage-sql-attacks';

/** What must work, so that the attacks do not fail only because everything does. */
export const controls: readonly Try[] = [
  {
    name: 'a member announces a file',
    as: 'bob',
    sql: () => [`${insert()} returning status`],
    ends: { rows: [{ status: 'pending' }], count: 1 },
  },
  {
    name: 'a member sees what is shared',
    as: 'bob',
    sql: ({ files }) => [`select name from storage.files where id = '${files.shared}'`],
    ends: { rows: [{ name: 'secret' }], count: 1 },
  },
  {
    name: 'an admin deletes in two steps',
    as: 'ann',
    sql: ({ files }) => [
      `update storage.files set status = 'deleting' where id = '${files.shared}'`,
      `delete from storage.files where id = '${files.shared}'`,
    ],
    ends: { rows: [], count: 1 },
  },
  {
    name: 'the service finds a public file',
    as: 'bare',
    sql: ({ files }) => [`select name from storage.public_file('globex', '${files.open}')`],
    ends: { rows: [{ name: 'secret' }], count: 1 },
  },
  {
    name: 'the service is told whom to sweep',
    as: 'bare',
    sql: () => ['select unfinished from storage.tenants() order by unfinished'],
    ends: { rows: [{ unfinished: false }, { unfinished: true }], count: 2 },
  },
  {
    name: 'the service counts',
    as: 'bare',
    sql: () => ['select * from storage.usage_figures(1) order by tenant desc'],
    ends: {
      rows: [
        { tenant: 'globex', bytes: '300', files: '3' },
        { tenant: '_others', bytes: '200', files: '2' },
      ],
      count: 2,
    },
  },
];
