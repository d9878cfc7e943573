import { DatabaseError, type Client } from 'pg';
import { jwt } from '../sql/support/actors';
import type { Person, World } from '../sql/support/world';

/** Who tries something with SQL of its own, which no API of the platform lets anybody do. */
export type Who = 'ann' | 'bob' | 'gus' | 'tenant without claims' | 'bare' | 'owner with claims';

const setUp: Readonly<Record<Who, (world: World) => string[]>> = {
  ann: ({ ann }) => member(ann),
  bob: ({ bob }) => member(bob),
  gus: ({ gus }) => member(gus),
  'tenant without claims': () => ['set local role strata_tenant'],
  bare: () => [],
  'owner with claims': ({ ann }) => [jwt(ann)],
};

function member(person: Person): string[] {
  return ['set local role strata_tenant', jwt(person)];
}

/** How something ended: the rows, or the SQLSTATE. */
export type Ended =
  { readonly rows: readonly unknown[]; readonly count: number } | { readonly code: string };

/** Runs statements in one transaction that is rolled back; what the last one does counts. */
export async function attempt(
  client: Client,
  world: World,
  who: Who,
  ...statements: readonly string[]
): Promise<Ended> {
  try {
    await client.query(['begin', ...setUp[who](world)].join(';'));
    let ended: Ended = { rows: [], count: 0 };
    for (const statement of statements) {
      const { rows, rowCount } = await client.query(statement);
      ended = { rows: rows as unknown[], count: rowCount ?? 0 };
    }
    return ended;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { code: error.code ?? '' };
  } finally {
    await client.query('rollback');
  }
}
