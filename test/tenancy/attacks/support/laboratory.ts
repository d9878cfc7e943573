import fc from 'fast-check';
import type { Client } from 'pg';
import { models, placeOf } from '../../../../components/tenancy/places';
import { fencesAt } from '../../../../provider/tenancy/plan';
import { compileTenancy } from '../../../../components/tenancy/compile';
import type { Server } from '../../../sql/support/server';
import { putUp } from '../../support/declared';
import { Board } from './board';
import { firstDifference } from './compare';
import { doors } from './doors';
import { closed, entrances } from './entrances';
import { Api, firstApiDifference } from './graphql';
import { anyRequest, type Request } from './graphql-requests';
import type { Mutant } from './mutants';
import { attackers } from './names';
import { declaration, plan, startTwins, within, type Twins } from './scene';
import { anySequence } from './sequence';
import { besiege } from './siege';

/** How many tries a mutant is given; each is noticed within far fewer. */
const patience = { sequences: 1500, requests: 300 };

/** Always the same, so that whether a mutant is noticed is no matter of luck. */
const seed = 20261121;

/** Twins whose fences are taken down one after the other. */
export class Laboratory {
  private constructor(
    private readonly twins: Twins,
    private readonly boards: readonly [Board, Board],
    private readonly apis: readonly Api[],
  ) {}

  static async open(): Promise<Laboratory> {
    const twins = await startTwins();
    const boards = [new Board(twins.one), new Board(twins.other)] as const;
    const apis = await Promise.all([
      Api.start(twins.one, boards[0]),
      Api.start(twins.other, boards[1]),
    ]);
    return new Laboratory(twins, boards, apis);
  }

  async close(): Promise<void> {
    await Promise.all(this.apis.map((api) => api.stop()));
    await this.twins.stop();
  }

  /** What a part of the suite says while a fence is down; undefined when it says nothing. */
  async try(mutant: Mutant, part: Mutant['noticedBy'][number]): Promise<string | undefined> {
    const { one, other } = this.twins;
    const functions = await this.definitions(mutant);
    await Promise.all([one, other].map((server) => apply(server, mutant, mutant.sql)));
    for (const board of this.boards) await board.begin();
    try {
      return await this.ask(mutant, part);
    } finally {
      for (const board of this.boards) await board.restore([]);
      const undo = [...functions, mutant.undo ?? 'select'].join(';');
      await Promise.all([one, other].map((server) => apply(server, mutant, undo, true)));
      for (const board of this.boards) await board.begin();
    }
  }

  /** The same for a service that takes requests of A for somebody else's. */
  async deceive(as: (request: Request) => Request): Promise<string | undefined> {
    for (const board of this.boards) await board.begin();
    return this.requests(anyRequest().map(as));
  }

  /** What is said though no fence is down. */
  async quiet(): Promise<string[]> {
    const said: (string | undefined)[] = [];
    for (const model of models) said.push(await this.siege(model));
    const options = { seed, numRuns: 50 };
    said.push(await firstDifference(this.boards, anySequence(), options));
    said.push(
      await firstApiDifference(this.apis, fc.array(anyRequest(), { minLength: 1 }), {
        ...options,
        numRuns: 10,
      }),
    );
    return said.filter((text) => text !== undefined);
  }

  private async ask(
    { model }: Mutant,
    part: Mutant['noticedBy'][number],
  ): Promise<string | undefined> {
    switch (part) {
      case 'declaration':
        return this.siege(model);
      case 'connections':
        return this.connections();
      case 'sequences':
        return firstDifference(
          this.boards,
          anySequence(doors.filter((door) => door.model === model)),
          {
            seed,
            numRuns: patience.sequences,
            endOnFailure: true,
          },
        );
      case 'graphql':
        return this.requests(anyRequest().filter((request) => request.model === model));
    }
  }

  private async siege(model: Mutant['model']): Promise<string | undefined> {
    for (const entrance of entrances.filter((each) => each.model === model)) {
      const { surprises } = await besiege(this.twins.one, entrance);
      if (surprises.length > 0) return `${entrance.name}: ${surprises.join('\n')}`;
    }
    return undefined;
  }

  private async connections(): Promise<string | undefined> {
    const open: string[] = [];
    for (const [login, database] of closed) {
      const client = await this.twins.one.connect(login, database).catch(() => undefined);
      if (client) open.push(`${login} to ${database}`);
      await client?.end();
    }
    return open.length > 0 ? open.join('\n') : undefined;
  }

  private requests(requests: fc.Arbitrary<Request>): Promise<string | undefined> {
    return firstApiDifference(this.apis, fc.array(requests, { minLength: 1, maxLength: 3 }), {
      seed,
      numRuns: patience.requests,
      endOnFailure: true,
    });
  }

  private async definitions({ functions = [], model }: Mutant): Promise<string[]> {
    const found: string[] = [];
    await within(this.twins.one, attackers[model], async (client) => {
      for (const name of functions) {
        const { rows } = await client.query<{ text: string }>(
          'select pg_get_functiondef($1::regprocedure) as text',
          [name],
        );
        found.push(rows[0]?.text ?? '');
      }
    });
    return found;
  }
}

/** At A's place, in one transaction; afterwards its fences are put up again. */
async function apply(
  server: Server,
  { model }: Mutant,
  sql: string,
  fenced = false,
): Promise<void> {
  await within(server, attackers[model], async (client) => {
    await client.query(`begin; ${sql}; commit`);
    if (fenced) await fence(client, model);
  });
}

async function fence(client: Client, model: Mutant['model']): Promise<void> {
  const { id } = attackers[model];
  const fences =
    model === 'shared' ? compileTenancy(declaration) : fencesAt(plan(), placeOf(id, model), id);
  await client.query('reset search_path');
  await putUp(client, fences);
}
