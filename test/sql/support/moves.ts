import fc from 'fast-check';
import { DatabaseError, type Client } from 'pg';
import { actor, type ActorName } from './actors';
import type { Server } from './server';
import type { World } from './world';

/** One statement of somebody of acme, or of nobody. */
export interface Move {
  readonly as: ActorName;
  readonly statement: string;
}

const movers: readonly ActorName[] = [
  'ann by token',
  'bob by token',
  'ann in a Hasura mutation',
  'bob in a Hasura mutation',
  'ann by backend',
  'bob by backend',
  'nobody by token',
  'anonymous',
  'the bare authenticator',
  'a backend without context',
];

/** Arbitrary moves over what the attacker may have heard of: own ids and names, and those of both victims. */
export function anyMove(own: World, victims: readonly World[]): fc.Arbitrary<Move> {
  const everybody = [own.ann, own.bob, ...victims.flatMap(({ gus, hal }) => [gus, hal])];
  const tenant = fc.constantFrom(own.acme.id, ...victims.map(({ globex }) => globex.id));
  const project = fc.constantFrom(own.acme.project, ...victims.map(({ globex }) => globex.project));
  const user = fc.constantFrom(...everybody.map(({ id }) => id));
  const note = fc.constantFrom(
    ...everybody.map((person) => person.note),
    '00000000-0000-4000-8000-000000000001',
  );
  const name = fc.constantFrom(
    own.acme.projectName,
    ...victims.map(({ globex }) => globex.projectName),
    'Anything',
  );
  const statement = fc.oneof(
    fc.constantFrom(
      'select count(*) from app.notes',
      'select count(*), min(body), max(body) from app.notes',
      'select id, author_id, project_id, body from app.notes',
      'select name from app.projects', // ids are made at random
      'select author_id, title from app.drafts',
      'select count(*) from app.careless_notes',
      'select app.careless_count()',
      'select p.name, count(n.id) from app.projects p left join app.notes n on n.project_id = p.id group by p.name',
      "update app.notes set body = 'changed'",
      "update app.drafts set title = 'changed ' || author_id",
      'delete from app.drafts',
      'delete from app.notes',
    ),
    tenant.map((t) => `select id, body from app.notes where tenant_id = '${t}'`),
    tenant.map((t) => `delete from app.notes where tenant_id = '${t}' returning id`),
    tenant.map((t) => `update app.notes set tenant_id = '${t}'`),
    tenant.map(
      (t) =>
        `select id from app.notes where 1 / (case when tenant_id = '${t}' then 0 else 1 end) = 1`,
    ),
    note.map((n) => `update app.notes set body = 'mine' where id = '${n}' returning body`),
    note.map((n) => `select id from app.notes where id = '${n}' for update`),
    project.map((p) => `update app.notes set project_id = '${p}'`),
    user.map((u) => `update app.notes set author_id = '${u}'`),
    name.map(
      (n) => `update app.projects set name = '${n}' where name <> '${n}' and name like 'R%'`,
    ),
    fc
      .tuple(note, project, user)
      .map(
        ([n, p, u]) =>
          `insert into app.notes (id, project_id, author_id, body) values ('${n}', '${p}', '${u}', 'new')`,
      ),
    fc
      .tuple(note, project)
      .map(
        ([n, p]) =>
          `insert into app.notes (id, project_id, body) values ('${n}', '${p}', 'new') on conflict do nothing`,
      ),
    fc.tuple(tenant, note, project, user).map(
      ([
        t,
        n,
        p,
        u,
      ]) => `insert into app.notes (tenant_id, id, project_id, author_id, body) values ('${t}', '${n}', '${p}', '${u}', 'new')
        on conflict (tenant_id, id) do update set body = excluded.body`,
    ),
    fc.tuple(note, project).map(
      ([n, p]) => `merge into app.notes n using (values ('${n}'::uuid)) v (id) on n.id = v.id
        when matched then update set body = 'merged' when not matched then insert (id, project_id, body) values (v.id, '${p}', 'merged')`,
    ),
    name.map((n) => `insert into app.projects (name) values ('${n}')`),
    name.map(
      (n) =>
        `insert into app.projects (name) values ('${n}') on conflict do nothing returning name`,
    ),
    user.map((u) => `insert into app.drafts (author_id, title) values ('${u}', 'Draft')`),
  );
  return fc.record({ as: fc.constantFrom(...movers), statement });
}

/** A database in which moves are made for good, until acme's rows are put back. */
export class Board {
  private readonly clients = new Map<string, Promise<Client>>();

  constructor(
    private readonly server: Server,
    private readonly database: string,
    private readonly world: World,
  ) {}

  /** What the mover sees: rows, in no order, how many there were, or the whole error. */
  async make({ as, statement }: Move): Promise<unknown> {
    const { login, setUp } = actor(as);
    const client = await this.client(login);
    try {
      await client.query(['begin', ...setUp(this.world)].join(';'));
      const { rows, rowCount } = await client.query<object>(statement);
      await client.query('commit');
      return { rows: rows.map((row) => JSON.stringify(row)).sort(), rowCount };
    } catch (error) {
      await client.query('rollback');
      if (!(error instanceof DatabaseError)) throw error;
      const { code, message, detail, hint, where, constraint } = error;
      return { code, message, detail, hint, where, constraint };
    }
  }

  /** Puts acme's rows back as they were, around triggers and keys. */
  async reset(): Promise<void> {
    const client = await this.client('postgres');
    const { id } = this.world.acme;
    const tables = ['projects', 'notes', 'drafts'];
    await client.query(
      [
        'create schema if not exists kept',
        ...tables.map(
          (t) =>
            `create table if not exists kept.${t} as select * from app.${t} where tenant_id = '${id}'`,
        ),
        'set session_replication_role = replica',
        ...tables.flatMap((t) => [
          `delete from app.${t} where tenant_id = '${id}'`,
          `insert into app.${t} select * from kept.${t}`,
        ]),
        'reset session_replication_role',
      ].join(';'),
    );
  }

  private client(login: string): Promise<Client> {
    const client = this.clients.get(login) ?? this.server.connect(login, this.database);
    this.clients.set(login, client);
    return client;
  }
}
