import fc from 'fast-check';
import { platformDatabase } from '../../../../components/tenancy/places';
import { query, type Answer } from '../../../e2e/graphql';
import type { Server } from '../../../sql/support/server';
import { startGraphql, type Program } from '../../../support/program';
import { tokenFor } from '../../../support/storage';
import { master } from '../../support/platform';
import type { Board } from './board';
import type { Request } from './graphql-requests';
import { attackers, people } from './names';

/** The GraphQL service as a platform starts it, before one of the worlds. */
export class Api {
  /** How often an answer had data, an error with this code, or neither. */
  readonly answers = new Map<string, number>();
  private digest = '';

  private constructor(
    private readonly service: Program,
    readonly board: Board,
  ) {}

  static async start(server: Server, board: Board): Promise<Api> {
    await board.restore([]);
    const databaseUrl = server.url('strata_authenticator', platformDatabase);
    const api = new Api(await startGraphql({ databaseUrl, master }), board);
    api.digest = await api.digestOfCursors();
    return api;
  }

  /** Status and body, byte by byte; only the ids are taken out that errors get at random. */
  async ask({ session, text }: Request): Promise<string> {
    const answer = await query(this.service.url, await tokenFor(session), this.withCursors(text));
    const kind = kindOf(answer);
    this.answers.set(kind, (this.answers.get(kind) ?? 0) + 1);
    return idsOf(answer).reduce(
      (bytes, id) => bytes.replaceAll(id, 'an id in the log'),
      `${String(answer.status)} ${answer.body}`,
    );
  }

  /** `cursor:<tenant>:<id>` as the service writes it where the primary key orders. */
  private withCursors(text: string): string {
    return text.replaceAll(/cursor:([0-9a-f-]+):([0-9a-f-]+)/g, (_found, tenant, id) =>
      Buffer.from(JSON.stringify([this.digest, tenant, id])).toString('base64'),
    );
  }

  /** A cursor begins with a digest of the order that it belongs to. */
  private async digestOfCursors(): Promise<string> {
    const text = '{ notes(first: 1) { edges { cursor } } }';
    const { data } = await query(this.service.url, await tokenFor(someone), text);
    const { edges } = data?.notes as { edges: readonly { cursor: string }[] };
    const [digest] = JSON.parse(
      Buffer.from(edges[0]?.cursor ?? '', 'base64').toString(),
    ) as string[];
    return digest ?? '';
  }

  stop(): Promise<void> {
    return this.service.stop();
  }
}

const someone = {
  tenantId: attackers.shared.id,
  userId: people.ann,
  role: 'tenant_admin',
  scopes: undefined,
} as const;

/** Why two services do not answer A the same; undefined when nothing was found. */
export async function firstApiDifference(
  apis: readonly Api[],
  requests: fc.Arbitrary<readonly Request[]>,
  options: fc.Parameters<[readonly Request[]]>,
): Promise<string | undefined> {
  const property = fc.asyncProperty(
    requests,
    async (asked) => (await difference(apis, asked)) === undefined,
  );
  const { failed, counterexample, seed, numRuns } = await fc.check(property, options);
  if (!failed) return undefined;
  const [asked = []] = counterexample ?? [];
  const why = await difference(apis, asked);
  const script = asked.map(({ name, text }) => `-- ${name}\n${text}`).join('\n\n');
  return `After ${String(numRuns)} sequences (STRATA_TEST_SEED=${String(seed)}):\n\n${script}\n\n${why ?? 'found once, not again'}`;
}

async function difference(
  apis: readonly Api[],
  asked: readonly Request[],
): Promise<string | undefined> {
  let found: string | undefined;
  for (const request of asked) {
    const [here, there] = await Promise.all(apis.map((api) => api.ask(request)));
    if (here !== there) {
      found ??= `${request.text}\n  is answered in one world   ${String(here)}\n  and in the other world     ${String(there)}`;
    }
  }
  const kept = await Promise.all(apis.map(({ board }) => board.restore([])));
  return kept.includes(false) ? 'It changed rows of others.' : found;
}

interface Said {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly id?: string };
}

function idsOf({ errors }: Answer): string[] {
  return (errors as readonly Said[]).flatMap(({ extensions }) =>
    extensions?.id === undefined ? [] : [extensions.id],
  );
}

function kindOf({ data, errors }: Answer): string {
  const [error] = errors as readonly Said[];
  if (error) return error.extensions?.code ?? error.message.replace(/ is [^ ]+$/, '');
  return data && Object.values(data).some((value) => value !== null) ? 'data' : 'null';
}
