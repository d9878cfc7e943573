import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../../../engine/errors';
import { oneOf, showKey, showText } from '../../settings/show';
import type { Problem } from '../../settings/errors';

const list = z.array(z.record(z.string(), z.unknown()));
const object = z.record(z.string(), z.unknown());

/** What an application may add to Hasura's metadata: file name → the member, as Hasura's own CLI writes it. */
const members = {
  actions: list,
  allowlist: list,
  cron_triggers: list,
  custom_types: object,
  query_collections: list,
  remote_schemas: list,
  rest_endpoints: list,
} as const;

/**
 * Reads `app/hasura/<member>.yaml`. Tables, permissions and event triggers are not among them: those come from
 * `app/tenancy.ts` and the outbox, so that nothing can be permitted that the declaration does not say.
 */
export function readHasura(app: string): {
  readonly application: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
} {
  const folder = path.join(app, 'hasura');
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const read = files.map((file) => readMember(folder, file));
  return {
    application: Object.fromEntries(read.flatMap(({ member }) => (member ? [member] : []))),
    problems: read.flatMap(({ problem }) => problem ?? []),
  };
}

function readMember(
  folder: string,
  file: string,
): { readonly member?: [string, unknown]; readonly problem?: Problem } {
  const key = showKey(['app']);
  const name = path.basename(file, '.yaml');
  if (!file.endsWith('.yaml') || !Object.hasOwn(members, name)) {
    return {
      problem: {
        key,
        reason: `holds hasura/${file}, which nothing reads`,
        received: showText(file),
        allowed: oneOf(Object.keys(members).map((known) => `${known}.yaml`)),
        advice: 'Tables and permissions come from tenancy.ts, events from functions/.',
      },
    };
  }
  try {
    const text = readFileSync(path.join(folder, file), 'utf8');
    return { member: [name, members[name as keyof typeof members].parse(parse(text))] };
  } catch (error) {
    const reason = `holds hasura/${file}, which cannot be read`;
    const said = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    return { problem: { key, reason, advice: said } };
  }
}
