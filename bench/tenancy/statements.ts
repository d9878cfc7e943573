/** A statement as an application sends it: `$1` is the key of what is asked for, `$2` the tenant, `$3` the user. */
export interface Statement {
  /** What `$1` names. */
  readonly key: 'folder' | 'item' | 'user';
  /** With row level security: the session says whose rows. */
  readonly fenced: (schema: string) => string;
  /** The same by an application that says in each statement whose rows. */
  readonly plain: (schema: string) => string;
}

const page = (where: string) => (schema: string) =>
  `select id, folder_id, author_id, body, created_at from ${schema}.items where ${where}folder_id = $1 order by created_at desc limit 20`;
const aggregate = (where: string) => (schema: string) =>
  `select folder_id, count(*), max(created_at) from ${schema}.items where ${where}author_id = $1 group by folder_id`;
const join = (where: string) => (schema: string) =>
  `select i.id, i.body, f.name from ${schema}.items i join ${schema}.folders f on f.tenant_id = i.tenant_id and f.id = i.folder_id ` +
  `where ${where}i.folder_id = $1 order by i.created_at desc limit 20`;
const update = (where: string) => (schema: string) =>
  `update ${schema}.items set body = 'what one writes later' where ${where}id = $1`;

const own = 'tenant_id = $2 and ';

export const statements = {
  page: { key: 'folder', fenced: page(''), plain: page(own) },
  aggregate: { key: 'user', fenced: aggregate(''), plain: aggregate(own) },
  join: { key: 'folder', fenced: join(''), plain: join(`i.${own}`) },
  insert: {
    key: 'folder',
    fenced: (schema) =>
      `insert into ${schema}.items (folder_id, body) values ($1, 'what one writes') returning id`,
    plain: (schema) =>
      `insert into ${schema}.items (tenant_id, folder_id, author_id, body) values ($2, $1, $3, 'what one writes') returning id`,
  },
  update: { key: 'item', fenced: update(''), plain: update(own) },
} as const satisfies Record<string, Statement>;

/** Writes of some ten and of a hundred rows: what is done for each row instead of each statement shows here. */
export const bulk = {
  'insert of 100': {
    key: 'folder',
    fenced: (schema) =>
      `insert into ${schema}.items (folder_id, body) select $1, 'what one writes' from generate_series(1, 100)`,
  },
  'update of a folder': {
    key: 'folder',
    fenced: (schema) =>
      `update ${schema}.items set body = 'what one writes later' where folder_id = $1`,
  },
} as const satisfies Record<string, Pick<Statement, 'key' | 'fenced'>>;

export type StatementName = keyof typeof statements;

/** Parameters of which a statement makes use; the others must not be sent. */
export function parametersOf(text: string): number {
  return Math.max(...Array.from(text.matchAll(/\$(\d)/g), ([, number]) => Number(number)));
}
