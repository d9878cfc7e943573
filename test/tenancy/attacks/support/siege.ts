import { DatabaseError, type Client } from 'pg';
import { attackSql } from '../../../../components/tenancy/attack-sql';
import { attacksOf, type Attack } from '../../../../components/tenancy/attacks';
import type { Server } from '../../../sql/support/server';
import type { Entrance } from './entrances';
import { declaration } from './scene';

const attacks = attacksOf(declaration);

export interface Siege {
  readonly tried: number;
  /** How many came to rows, as they may: without those, a database that refuses everything would pass. */
  readonly allowed: number;
  /** What came to something else than it must. */
  readonly surprises: readonly string[];
}

/** Makes every attack of the declaration through an entrance, each in a transaction that is rolled back. */
export async function besiege(server: Server, entrance: Entrance): Promise<Siege> {
  const client = await server.connect(entrance.login, entrance.database);
  const surprises: string[] = [];
  let tried = 0;
  let allowed = 0;
  for (const attack of attacks) {
    const outcome = await attempt(client, entrance, attack);
    if (outcome === undefined) continue;
    tried += 1;
    if (outcome === 'rows') allowed += 1;
    if (!entrance.expected(attack).includes(outcome))
      surprises.push(`${attack.name}, but: ${outcome}`);
  }
  await client.end();
  return { tried, allowed, surprises };
}

/** `rows`, `nothing` or the code of the error; undefined where this login cannot come as that attacker. */
async function attempt(
  client: Client,
  entrance: Entrance,
  attack: Attack,
): Promise<string | undefined> {
  const setUp = entrance.setUp(attack);
  if (!setUp) return undefined;
  const statement = attackSql(declaration, attack, entrance.sides, entrance.audience);
  try {
    const results = await client.query(['begin', ...setUp, statement].join(';'));
    return [results].flat().at(-1)?.rowCount ? 'rows' : 'nothing';
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return error.code ?? error.message;
  } finally {
    await client.query('rollback');
  }
}
