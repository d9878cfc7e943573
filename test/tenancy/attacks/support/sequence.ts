import fc from 'fast-check';
import { doors, type Door } from './doors';
import { anyGame } from './games';
import { onTables, type Statement } from './statements';
import { tools } from './tools';

/** One transaction of A through a door. What sessions keep stays until the sequence is over. */
export interface Move {
  readonly door: Door;
  readonly games: readonly string[];
  readonly statements: readonly Statement[];
  readonly end: 'commit' | 'rollback';
}

export type Sequence = readonly Move[];

/** A sequence stays in the database that its first move came to, and takes any of A's ways into it. */
export function anySequence(open: readonly Door[] = doors): fc.Arbitrary<Sequence> {
  return fc.array(anyMove(open), { minLength: 1, maxLength: 4 });
}

function anyMove(open: readonly Door[]): fc.Arbitrary<Move> {
  return fc.constantFrom(...open).chain((door) =>
    fc.record({
      door: fc.constant(door),
      games: fc.array(anyGame(door), { maxLength: 2 }),
      statements: fc.array(statementsOf(door), { minLength: 1, maxLength: 4 }),
      end: fc.constantFrom('commit' as const, 'commit' as const, 'rollback' as const),
    }),
  );
}

function statementsOf({ games }: Door): fc.Arbitrary<Statement> {
  if (games === 'tables') return onTables;
  return fc.oneof({ weight: 3, arbitrary: onTables }, { weight: 1, arbitrary: tools });
}

/** A sequence as somebody would type it. */
export function script(sequence: Sequence): string {
  return sequence
    .map(({ door, games, statements, end }) =>
      [
        `-- ${door.name} (${door.login} at ${door.database})`,
        'begin',
        ...door.setUp,
        ...games,
        ...statements.map(({ text }) => text),
        end,
      ].join(';\n'),
    )
    .join(';\n\n');
}
