import fc from 'fast-check';
import type { Client } from 'pg';
import { platformDatabase } from '../../../../components/tenancy/places';
import { observe } from './board';
import { doors } from './doors';
import type { OneSession } from './pooler';
import { anyVisit, look, victimAt } from './residue';
import { script, type Move } from './sequence';

/** Logins with which clients of more than one tenant come; a tenant's own database has a login that nobody shares. */
export const sharedLogins = ['strata_authenticator', 'strata_app', 'strata_hasura'] as const;

/** What B finds of A in a session that both use by turns, readable; undefined when nothing was found. */
export async function firstResidue(
  pooler: OneSession,
  login: string,
  options: fc.Parameters<[Move]>,
): Promise<string | undefined> {
  const open = doors.filter((door) => door.login === login && door.games !== 'tables');
  const [a, b] = await Promise.all([
    pooler.connect(login, platformDatabase),
    pooler.connect(login, platformDatabase),
  ]);
  try {
    const untouched = new Map<string, string>();
    for (const door of open) {
      const seen = await seenBy(b, door, login);
      if (!seen.includes('Weather note')) throw new Error(`B does not see its own rows: ${seen}`);
      untouched.set(door.model, seen);
    }
    let why = '';
    const processes = new Set<number | undefined>();
    const property = fc.asyncProperty(anyVisit(open), async (visit) => {
      processes.add(await processOf(a));
      await visitOf(a, visit);
      const seen = await seenBy(b, visit.door, login);
      processes.add(await processOf(b));
      if (seen === untouched.get(visit.door.model)) return true;
      why = `B sees ${seen}\n  instead of ${String(untouched.get(visit.door.model))}`;
      return false;
    });
    const { failed, counterexample, seed } = await fc.check(property, options);
    if (processes.size !== 1)
      throw new Error('B came to another session than A, so nothing is proven');
    if (!failed) return undefined;
    return `STRATA_TEST_SEED=${String(seed)}\n\n${script(counterexample ?? [])}\n\n${why}`;
  } finally {
    await Promise.all([a.end(), b.end()]);
  }
}

/** All of it is one transaction for the pooler; an error ends it, as a service's client does. */
async function visitOf(client: Client, { door, games, statements, end }: Move): Promise<void> {
  await observe(client, { text: ['begin', ...door.setUp].join(';') });
  for (const text of [...games, ...statements.map((statement) => statement.text)]) {
    await observe(client, { text: 'savepoint ours' });
    const seen = await observe(client, { text });
    if (JSON.stringify(seen).startsWith('{"severity"'))
      await observe(client, { text: 'rollback to ours' });
  }
  await observe(client, { text: end });
  await observe(client, { text: 'rollback' });
}

async function seenBy(client: Client, door: Move['door'], login: string): Promise<string> {
  return JSON.stringify(await look(client, victimAt(door, login)));
}

async function processOf(client: Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid;
}
