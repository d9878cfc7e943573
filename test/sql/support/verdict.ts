import type { Arena, Attempt, Outcome } from './attempt';

/** What must come of an attack. */
export type Expectation =
  /** The database refuses, with one of these SQLSTATEs. */
  | { readonly refused: readonly string[] }
  /** It runs and neither returns nor changes a row. */
  | 'nothing'
  /** It runs, on the attacker's own rows only. */
  | 'own'
  /** One row with one value. */
  | { readonly value: unknown }
  /** Whatever happens, nothing of the victim comes back. */
  | 'clean';

export interface Attack extends Attempt {
  readonly expect: Expectation;
}

export interface Verdict {
  /** Whether the attacker got or learned something, or the attack only failed in another way than expected. */
  readonly success: boolean;
  readonly how: string;
}

/** Errors that answer a question about rows that the attacker may not see: a violated key, a division by zero. */
const telling = ['23505', '23P01', '22012'];

/** Runs an attack; undefined when it failed as it must. */
export async function verdict(arena: Arena, attack: Attack): Promise<Verdict | undefined> {
  const outcome = await arena.attempt(attack);
  const how = harm(arena, attack, outcome);
  if (how !== undefined) return { success: true, how };
  const odd = surprise(attack.expect, outcome, arena);
  const { code } = outcome;
  return odd === undefined
    ? undefined
    : { success: code === undefined || telling.includes(code), how: odd };
}

/** Rows changed that are not the attacker's, or something came back that the attacker did not know. */
function harm(arena: Arena, { as }: Attack, outcome: Outcome): string | undefined {
  if (outcome.changed) return 'rows of others changed';
  if (as === 'maintenance' || as === 'the auditor' || as === 'Hasura without a session')
    return undefined;
  const leaked = arena.world.secrets.filter(
    (secret) => outcome.text.includes(secret) && !outcome.sent.includes(secret),
  );
  return leaked.length > 0 ? `it shows ${leaked.join(', ')}` : undefined;
}

function surprise(expect: Expectation, outcome: Outcome, arena: Arena): string | undefined {
  const { code, rows, count, text } = outcome;
  if (expect === 'clean') return undefined;
  if (typeof expect === 'object' && 'refused' in expect) {
    if (code === undefined) return `it was not refused: ${String(count)} rows`;
    return expect.refused.includes(code) ? undefined : `it was refused with ${code}: ${text}`;
  }
  if (code !== undefined) return `it was refused with ${code}: ${text}`;
  if (expect === 'nothing') return count === 0 ? undefined : `${String(count)} rows`;
  if (expect === 'own') {
    const foreign = rows.filter((row) => row.tenant_id !== arena.world.acme.id);
    return foreign.length > 0 ? `${String(foreign.length)} rows of others` : undefined;
  }
  const [row] = rows;
  const value = row && Object.values(row)[0];
  return rows.length === 1 && String(value) === String(expect.value)
    ? undefined
    : `it answered ${JSON.stringify(rows)}`;
}
