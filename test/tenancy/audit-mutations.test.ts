import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditWithin } from '../../provider/audit/audit';
import type { Finding } from '../../provider/audit/finding';
import type { Mutant } from './audit/mutant';
import { floorMutants } from './audit/floor-mutants';
import { functionMutants } from './audit/function-mutants';
import { grantMutants } from './audit/grant-mutants';
import { keyMutants } from './audit/key-mutants';
import { objectMutants } from './audit/object-mutants';
import { placeMutants } from './audit/place-mutants';
import { policyMutants } from './audit/policy-mutants';
import { roleMutants } from './audit/role-mutants';
import { routineMutants } from './audit/routine-mutants';
import { tableMutants } from './audit/table-mutants';
import { auditWorld, findingsAfter, type AuditWorld } from './support/audit-world';

const mutants = [
  ...tableMutants,
  ...floorMutants,
  ...policyMutants,
  ...functionMutants,
  ...roleMutants,
  ...grantMutants,
  ...routineMutants,
  ...objectMutants,
  ...keyMutants,
  ...placeMutants,
];

let world: AuditWorld;

beforeAll(async () => {
  world = await auditWorld();
});

afterAll(() => world.server.stop());

describe('what is broken in the catalogue is found by the check that is for it, and mended by its remedy', () => {
  test.each(mutants)('$check $id: $name', async (template) => {
    const { sql, check, id, object } = placed(template);
    const wanted = `${String(check)} ${id} ${object}`;

    await findingsAfter(world, sql, async (found) => {
      expect(found.map(label)).toContain(wanted);
      // What only a person can mend may be mended by another's remedy, and nothing else may be left.
      const steps = found.filter(needsPerson).map(label);
      expect((await mended(found)).map(label).filter((left) => !steps.includes(left))).toEqual([]);
    });
  });

  test('in every one of the fifteen checks but that of Hasura’s metadata', () => {
    const checks = new Set(mutants.map(({ check }) => check));
    expect([...checks].sort((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15,
    ]);
    process.stdout.write(`${String(mutants.length)} broken catalogues\n`);
  });

  test('and what was rolled back is clean', async () => {
    expect(await findingsAfter(world, '')).toEqual([]);
  });
});

/** What is left after every remedy that is SQL was run, by a superuser. */
async function mended(found: readonly Finding[]): Promise<Finding[]> {
  const statements = new Set(found.flatMap(({ remedy }) => ('sql' in remedy ? [remedy.sql] : [])));
  for (const statement of statements) {
    await world.admin.query(statement).catch((error: unknown) => {
      throw new Error(`${statement}: ${(error as Error).message}`, { cause: error });
    });
  }
  return auditWithin(world.admin, world.options);
}

function needsPerson({ remedy }: Finding): boolean {
  return 'step' in remedy;
}

function label({ check, id, object }: Finding): string {
  return `${String(check)} ${id} ${object}`;
}

/** The mutant for the tenants of this world. */
function placed(mutant: Mutant): Mutant {
  const names = (text: string): string =>
    text
      .replaceAll(/\bstrata_own\b/g, `strata_${world.schema}`)
      .replaceAll(/\bstrata_d_own\b/g, `strata_${world.database}`)
      .replaceAll(/\bt_own\b/g, world.schema)
      .replaceAll(/\bd_own\b/g, world.database);
  return { ...mutant, object: names(mutant.object), sql: names(mutant.sql) };
}
