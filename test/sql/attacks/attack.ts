import type { ActorName } from '../support/actors';
import type { Attempt } from '../support/attempt';
import type { Attack, Expectation } from '../support/verdict';

/** insufficient_privilege: no grant, or a row that a policy forbids. */
export const denied: Expectation = { refused: ['42501'] };

/** foreign_key_violation */
export const noSuchRow: Expectation = { refused: ['23503'] };

/** invalid_text_representation: the claim is not what it should be. */
export const malformed: Expectation = { refused: ['22P02'] };

type Run = Attempt['run'] | string;

export function attack(
  as: ActorName,
  name: string,
  run: Run,
  expect: Expectation,
  more: Pick<Attempt, 'after' | 'elsewhere' | 'meanwhile'> = {},
): Attack {
  return {
    as,
    name: `${as}: ${name}`,
    run: typeof run === 'string' ? () => run : run,
    expect,
    ...more,
  };
}

/** The three ways in which a member of a tenant comes to the database. */
export const anns = ['ann by token', 'ann in a Hasura mutation', 'ann by backend'] as const;
export const bobs = ['bob by token', 'bob in a Hasura mutation', 'bob by backend'] as const;
