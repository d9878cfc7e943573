import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attackSql, claimsOf } from '../../components/tenancy/attack-sql';
import { attacksOf } from '../../components/tenancy/attacks';
import { defaultAudience } from '../../components/tenancy/audience';
import { compileTenancy } from '../../components/tenancy/compile';
import { startServer, type Server } from '../sql/support/server';
import { declarations } from '../support/declarations';
import { putUp, run } from './support/declared';
import { makeRandomTables, sides } from './support/random-tables';
import { runs, seed } from '../support/random';

const numRuns = runs(25);

let server: Server;

beforeAll(async () => {
  server = await startServer();
});

afterAll(() => server.stop());

test(`whatever is declared, its attacks come to what they must (STRATA_TEST_SEED=${seed}, ${numRuns} declarations)`, async () => {
  const admin = await makeRandomTables(server, 'random');
  const client = await server.connect('strata_authenticator', 'random');
  let tried = 0;
  await fc.assert(
    fc.asyncProperty(declarations, async (declaration) => {
      await putUp(admin, compileTenancy(declaration));
      const surprises: string[] = [];
      for (const attack of attacksOf(declaration)) {
        const { role, claims } = claimsOf(attack, sides, defaultAudience);
        const sql = attackSql(declaration, attack, sides, defaultAudience);
        const outcome = await run(client, role, claims, sql, attack.deed.do === 'refer');
        if (outcome !== attack.expect) surprises.push(`${attack.name}, but: ${outcome} (${sql})`);
        tried += 1;
      }
      expect(surprises).toEqual([]);
    }),
    { seed, numRuns, endOnFailure: true },
  );
  console.log(`${tried} attacks on ${numRuns} declarations, STRATA_TEST_SEED=${seed}`);
  expect(tried).toBeGreaterThan(100 * numRuns);
});
