import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noPgbouncer } from '../support/pooler';
import type { Request } from './support/graphql-requests';
import { Laboratory } from './support/laboratory';
import { mutants, parts, poolerMutants, type Part } from './support/mutants';
import { people, victims } from './support/names';
import { OneSession } from './support/pooler';
import { startScene } from './support/scene';
import type { Server } from '../../sql/support/server';
import { firstResidue } from './support/turns';

const score = new Map<Part, { asked: number; noticed: number }>(
  parts.map((part) => [part, { asked: 0, noticed: 0 }]),
);
const seen = new Set<string>();

function count(name: string, part: Part, said: string | undefined): void {
  const entry = score.get(part);
  if (!entry) return;
  entry.asked += 1;
  if (said === undefined) return;
  entry.noticed += 1;
  seen.add(name);
}

afterAll(() => {
  const lines = [...score].map(
    ([part, { asked, noticed }]) => `${part} ${String(noticed)}/${String(asked)}`,
  );
  console.info(`${String(seen.size)} mutants noticed: ${lines.join(', ')}`);
});

describe('a fence that is taken down is noticed', () => {
  let laboratory: Laboratory;

  beforeAll(async () => {
    laboratory = await Laboratory.open();
  });

  afterAll(() => laboratory.close());

  const asked = mutants.flatMap((mutant) =>
    mutant.noticedBy.map((part) => ({ name: mutant.name, part, mutant })),
  );
  test.each(asked)('$name ($part)', async ({ name, part, mutant }) => {
    const said = await laboratory.try(mutant, part);
    count(name, part, said);
    expect(said).toBeDefined();
  });

  const deceived: Record<string, (request: Request) => Request> = {
    'a service that answers with the context of another tenant': asVictim,
    'a service that keeps the context of the request before, where it can read': (request) =>
      request.text.startsWith('{') ? asVictim(request) : request,
  };
  test.each(Object.entries(deceived))('graphql: %s', async (name, as) => {
    const said = await laboratory.deceive(as);
    count(name, 'graphql', said);
    expect(said).toBeDefined();
  });

  test('and with all of them up again, nothing is', async () => {
    expect(await laboratory.quiet()).toEqual([]);
  });
});

describe.skipIf(noPgbouncer)('a pooler that is careless is noticed', () => {
  let server: Server;

  beforeAll(async () => {
    server = await startScene();
  });

  afterAll(() => server.stop());

  test.each(poolerMutants)('$name', async ({ name, changes, login }) => {
    const pooler = await OneSession.start(server, changes);
    try {
      const said = await firstResidue(pooler, login, {
        seed: 20261121,
        numRuns: 300,
        endOnFailure: true,
      });
      count(name, 'pooler', said);
      expect(said).toBeDefined();
    } finally {
      await pooler.stop();
    }
  });
});

function asVictim(request: Request): Request {
  const { id: tenantId } = victims[request.model];
  return { ...request, session: { ...request.session, tenantId, userId: people.gus } };
}
