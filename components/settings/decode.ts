import { z } from 'zod';
import type { Problem } from './errors';
import { poisonedKeys } from './names';
import { settingsSchema, type SettingName } from './schema';
import { oneOf, showKey, showText } from './show';

const prefix = 'strata:';
const longestValue = 1024 * 1024;
const deepest = 10;

/** The settings as values, each either decoded or among the problems. */
export interface Decoded {
  readonly values: ReadonlyMap<SettingName, unknown>;
  readonly unknown: readonly string[];
  /** Names whose value cannot be read at all. */
  readonly broken: ReadonlyMap<SettingName, Problem>;
}

export const settingNames = Object.keys(settingsSchema.shape) as SettingName[];

/**
 * Turns Pulumi's config (full key → text) into values: groups arrive as JSON, single values as they are.
 * Keys of other namespaces are not ours and are passed over.
 */
export function decode(
  raw: Readonly<Record<string, string>>,
  secretKeys: readonly string[],
): Decoded {
  const values = new Map<SettingName, unknown>();
  const broken = new Map<SettingName, Problem>();
  const unknown: string[] = [];
  for (const [key, text] of Object.entries(raw)) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    if (!isSettingName(name)) {
      unknown.push(name);
      continue;
    }
    const outcome =
      protectionProblem(name, text, secretKeys.includes(key)) ?? decodeOne(name, text);
    if ('problem' in outcome) broken.set(name, outcome.problem);
    else values.set(name, outcome.value);
  }
  return { values, unknown, broken };
}

function isSettingName(name: string): name is SettingName {
  return settingNames.some((known) => known === name);
}

type Outcome = { readonly value: unknown } | { readonly problem: Problem };

/** Only `secrets` holds secrets, and it holds nothing else. */
function protectionProblem(
  name: SettingName,
  text: string,
  encrypted: boolean,
): Outcome | undefined {
  const key = showKey([name]);
  if (name !== 'secrets' && encrypted) {
    return {
      problem: {
        key,
        reason: 'is a secret, or holds one, and only strata:secrets takes secrets',
        received: 'not shown',
        advice: `Its value would stand in the state in the clear. Take it out: npm run pulumi -- config rm ${key}`,
      },
    };
  }
  if (name === 'secrets' && !encrypted && text.trim() !== '{}') {
    return {
      problem: {
        key,
        reason: "holds secrets that are not encrypted: they stand in the stack's file in the clear",
        received: 'not shown',
        advice: `Set each anew with: npm run pulumi -- config set --secret --path ${key}.<name>`,
      },
    };
  }
  return undefined;
}

function decodeOne(name: SettingName, text: string): Outcome {
  const key = showKey([name]);
  if (text.length > longestValue) {
    const received = `${text.length} characters`;
    const problem = { key, reason: 'is too long', received, allowed: `${longestValue} characters` };
    return { problem };
  }
  if (!isGroup(name)) return { value: text };
  try {
    const value: unknown = JSON.parse(text);
    const problem = unsafe(value, [name]);
    return problem ? { problem } : { value };
  } catch {
    const allowed = `keys below it, one a line: ${groupKeys(name)}`;
    return {
      problem: { key, reason: 'is not a group of keys', received: showText(text), allowed },
    };
  }
}

/** True when the setting has members, so that Pulumi hands it over as JSON. */
function isGroup(name: SettingName): boolean {
  return !['string', 'enum'].includes(innermost(settingsSchema.shape[name]).def.type);
}

function groupKeys(name: SettingName): string {
  const schema = innermost(settingsSchema.shape[name]);
  return schema instanceof z.ZodObject ? oneOf(Object.keys(schema.shape)) : 'names of your choice';
}

/** The schema behind defaults and options. */
export function innermost(schema: z.core.$ZodType): z.ZodType {
  let inner = schema as z.ZodType;
  while (
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodOptional
  ) {
    inner = inner.unwrap() as z.ZodType;
  }
  return inner;
}

/** The first thing in a decoded value that no schema should get to see. */
function unsafe(value: unknown, path: readonly PropertyKey[]): Problem | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (path.length > deepest) {
    const allowed = `at most ${deepest} levels`;
    return { key: showKey(path.slice(0, 4)), reason: 'is nested too deeply', allowed };
  }
  for (const [part, member] of Object.entries(value)) {
    const here = [...path, Array.isArray(value) ? Number(part) : part];
    if (poisonedKeys.includes(part)) {
      return { key: showKey(here), reason: 'is a key that cannot be used', advice: 'Rename it.' };
    }
    const problem = unsafe(member, here);
    if (problem) return problem;
  }
  return undefined;
}
