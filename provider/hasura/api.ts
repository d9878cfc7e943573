import { z } from 'zod';
import { messageOf, UserError } from '../../engine/errors';
import { post } from '../reach/http';

/** Where Hasura's metadata API is, from here. */
export interface Hasura {
  /** `http://127.0.0.1:8081`; with `reach` in it (`parseReach`), as it is reached from there. */
  readonly endpoint: string;
  readonly adminSecret: string;
}

/** What stands in Hasura, and which edition of it that is. */
export interface Exported {
  readonly version: number;
  readonly metadata: unknown;
}

/** Nothing answers there, or somebody who is not Hasura, or it does not know us (yet): that says nothing of the metadata. */
export class HasuraUnavailable extends UserError {}

/** Somebody else has changed the metadata since it was read. */
export class HasuraOvertaken extends Error {}

const timeoutMs = 30_000;
const longestAnswer = 64 * 1024 * 1024;

const exported = z.object({
  resource_version: z.number(),
  metadata: z.record(z.string(), z.unknown()),
});
const refusal = z.object({
  error: z.string(),
  code: z.string(),
  internal: z
    .array(z.object({ reason: z.string(), name: z.string().optional() }))
    .optional()
    .catch(undefined),
});

/** Reads all metadata. Throws `HasuraUnavailable` when it does not answer, one sentence for what is refused. */
export async function exportMetadata(hasura: Hasura, signal: AbortSignal): Promise<Exported> {
  const { status, body } = await ask(
    hasura,
    { type: 'export_metadata', version: 2, args: {} },
    signal,
  );
  const answer = exported.safeParse(body);
  if (status !== 200 || !answer.success) throw refused(status, body);
  return { version: answer.data.resource_version, metadata: answer.data.metadata };
}

/**
 * Replaces all metadata, if it is still of this edition. Hasura keeps nothing of what is inconsistent with the database:
 * that is an error with each object and the reason. Throws `HasuraOvertaken` when somebody was faster.
 */
export async function replaceMetadata(
  hasura: Hasura,
  version: number,
  metadata: unknown,
  signal: AbortSignal,
): Promise<void> {
  const { status, body } = await ask(
    hasura,
    {
      type: 'replace_metadata',
      version: 2,
      resource_version: version,
      args: { allow_inconsistent_metadata: false, metadata },
    },
    signal,
  );
  if (status === 200) return;
  if (status === 409) throw new HasuraOvertaken('somebody else has changed the metadata');
  throw refused(status, body);
}

async function ask(
  { endpoint, adminSecret }: Hasura,
  command: object,
  signal: AbortSignal,
): Promise<{ status: number; body: unknown }> {
  const url = new URL(endpoint);
  url.pathname = '/v1/metadata';
  try {
    const answer = await post(url, {
      headers: { 'content-type': 'application/json', 'x-hasura-admin-secret': adminSecret },
      body: JSON.stringify(command),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return { status: answer.statusCode ?? 0, body: await jsonOf(answer) };
  } catch (error) {
    signal.throwIfAborted();
    throw new HasuraUnavailable(`Hasura does not answer at ${url.origin}: ${messageOf(error)}`);
  }
}

/** Undefined for what is no JSON, which a proxy may say instead of Hasura. */
async function jsonOf(body: AsyncIterable<Buffer>): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > longestAnswer) return undefined;
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function refused(status: number, body: unknown): UserError {
  const { data } = refusal.safeParse(body);
  if (!data || [502, 503, 504].includes(status)) {
    return new HasuraUnavailable(`Hasura is not there: its address answers with ${String(status)}`);
  }
  const objects = (data.internal ?? []).map(
    ({ name = 'something', reason }) => `\n  - ${name}: ${reason}`,
  );
  const words = `Hasura refuses it: ${data.error} (${data.code})${objects.join('')}`;
  return status === 401 ? new HasuraUnavailable(words) : new UserError(words);
}
