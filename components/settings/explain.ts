import { z } from 'zod';
import { nearest } from '../../engine/nearest';
import type { Contradiction } from './contradictions';
import { innermost } from './decode';
import type { Problem } from './errors';
import { settingsSchema } from './schema';
import { lookAlike, oneOf, showKey, showText, showValue } from './show';

/** Longer words than any key are not worth comparing. */
const longestKey = 64;

/** A zod issue, with its path from the root of the settings, as problems that a person can act on. */
export function explain(issue: z.core.$ZodIssue, root: unknown): Problem[] {
  const key = showKey(issue.path);
  const value = valueAt(root, issue.path);
  const received = showValue(value, issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((name) => unknownKey([...issue.path, name], knownKeys(issue.path)));
    case 'invalid_key': {
      const name = String(issue.path.at(-1));
      const allowed = issue.issues[0]?.message;
      return [
        { key, reason: 'is not a valid name', allowed, advice: lookAlike(name) },
        ...behind(issue.path, value, root),
      ];
    }
    case 'custom':
      return [contradiction(key, issue.message, issue.params, received)];
    case 'invalid_value':
      return [notOneOf(key, value, received, issue.values.map(String))];
    case 'invalid_type':
      if (value === undefined) return [{ key, reason: 'is missing', allowed: wanted(issue) }];
      return [{ key, reason: 'has the wrong type', received, allowed: wanted(issue) }];
    default: {
      const advice = typeof value === 'string' ? lookAlike(value) : undefined;
      return [{ key, reason: 'is not valid', received, allowed: issue.message, advice }];
    }
  }
}

/** What is wrong with the value of a name that is itself refused: zod stops at the name. */
function behind(path: readonly PropertyKey[], value: unknown, root: unknown): Problem[] {
  const issues = schemaAt(path)?.safeParse(value).error?.issues ?? [];
  return issues.flatMap((issue) => explain({ ...issue, path: [...path, ...issue.path] }, root));
}

function contradiction(
  key: string,
  message: string,
  params: Partial<Contradiction> | undefined,
  received: string,
): Problem {
  if (params?.reason === undefined) {
    return { key, reason: 'is not valid', received, allowed: message };
  }
  return { key, reason: params.reason, advice: params.advice };
}

/** A key that the schema does not have. */
export function unknownKey(path: readonly PropertyKey[], known: readonly string[]): Problem {
  const name = String(path.at(-1));
  const [head = ''] = name.split('.');
  const key = showKey(path);
  const near = guess(name, known);
  return {
    key,
    reason: 'is not a known key',
    allowed: oneOf(known),
    nearest: near && showKey([...path.slice(0, -1), near]),
    advice:
      name !== head && known.includes(head)
        ? `A key inside ${showKey([head])} is set with --path: npm run pulumi -- config set --path ${key} VALUE`
        : lookAlike(name),
  };
}

function notOneOf(
  key: string,
  value: unknown,
  received: string,
  allowed: readonly string[],
): Problem {
  const text = typeof value === 'string' ? value : '';
  const near = guess(text, allowed);
  return {
    key,
    reason: value === undefined ? 'is missing' : 'is not valid',
    received,
    allowed: oneOf(allowed),
    nearest: near && showText(near),
    advice: lookAlike(text),
  };
}

function guess(given: string, known: readonly string[]): string | undefined {
  return given === '' || given.length > longestKey ? undefined : nearest(given, known);
}

function wanted(issue: z.core.$ZodIssueInvalidType): string {
  if (issue.expected === 'object') return `keys below it: ${oneOf(knownKeys(issue.path))}`;
  if (issue.expected === 'record') return 'names of your choice below it, each with its value';
  return issue.message;
}

/** The keys that the schema has below `path`. */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const found = schemaAt(path);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

/** The schema of the value at `path`; `undefined` where the settings have no such place. */
function schemaAt(path: readonly PropertyKey[]): z.ZodType | undefined {
  let schema: z.ZodType | undefined = settingsSchema;
  for (const part of path) {
    if (schema instanceof z.ZodObject)
      schema = (schema.shape as z.ZodRawShape)[String(part)] as z.ZodType | undefined;
    else if (schema instanceof z.ZodRecord) schema = schema.valueType as z.ZodType;
    else return undefined;
    schema = schema && innermost(schema);
  }
  return schema;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined,
    root,
  );
}
