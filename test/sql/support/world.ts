import type { Client } from 'pg';

export interface Person {
  readonly id: string;
  readonly role: 'admin' | 'member';
  readonly tenant: string;
  /** One of the notes that this person wrote. */
  readonly note: string;
  readonly draft: string;
}

interface Place {
  readonly id: string;
  readonly project: string;
  readonly projectName: string;
}

/** Ids of what the two tenants have: acme (ann admin, bob member) attacks, globex (gus admin, hal member) is attacked. */
export interface World {
  readonly acme: Place;
  readonly globex: Place;
  readonly ann: Person;
  readonly bob: Person;
  readonly gus: Person;
  readonly hal: Person;
  /** Texts and ids that are globex's alone: nobody of acme may see one that the attacker did not write itself. */
  readonly secrets: readonly string[];
}

/** Reads the world as a superuser. */
export async function readWorld(admin: Client): Promise<World> {
  const person = async (handle: string): Promise<Person> => {
    const { rows } = await admin.query<Person>(
      `select u.id, m.role, m.tenant_id as tenant, (select min(n.id::text) from app.notes n where n.author_id = u.id) as note,
         (select min(d.id::text) from app.drafts d where d.author_id = u.id) as draft
       from registry.users u join registry.members m on m.user_id = u.id where u.handle = $1`,
      [handle],
    );
    return first(rows);
  };
  const place = async (slug: string): Promise<Place> => {
    const { rows } = await admin.query<Place>(
      `select t.id, p.id as project, p.name as "projectName"
       from registry.tenants t join app.projects p on p.tenant_id = t.id where t.slug = $1 order by p.name limit 1`,
      [slug],
    );
    return first(rows);
  };
  const secrets = await admin.query<{ secret: string }>(
    `with victim as (select id from registry.tenants where slug = 'globex')
     select id::text as secret from victim
     union select slug from registry.tenants where slug = 'globex'
     union select v from app.projects, unnest(array[id::text, name]) v where tenant_id = (select id from victim)
     union select v from app.notes, unnest(array[id::text, body]) v where tenant_id = (select id from victim)
     union select v from app.drafts, unnest(array[id::text, title]) v where tenant_id = (select id from victim)
     union select user_id::text from registry.members where tenant_id = (select id from victim)`,
  );
  return {
    acme: await place('acme'),
    globex: await place('globex'),
    ann: await person('ann'),
    bob: await person('bob'),
    gus: await person('gus'),
    hal: await person('hal'),
    secrets: secrets.rows.map((row) => row.secret),
  };
}

function first<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('the example rows are not there');
  return row;
}
