import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SettingsError } from '../../components/settings/errors';
import { settingsJsonSchema } from '../../components/settings/json-schema';
import { parseSettings } from '../../components/settings/read';
import type { Settings } from '../../components/settings/schema';

type Raw = Record<string, string>;
type Json = Record<string, unknown>;

const properties = settingsJsonSchema().properties as { config: { properties: Json } };
const known = Object.keys(properties.config.properties);

const valid: Json = {
  'strata:tier': 'single',
  'strata:target': 'embedded',
  'strata:domain': 'localhost',
  'strata:app': './app',
  'strata:preset': 'minimal',
  'strata:services': { graphql: { enabled: true, env: { LOG: 'debug' } } },
  'strata:customServices': {
    web: { command: ['node', 'web.js'], port: 8081, health: '/healthz', env: { MODE: 'x' } },
    once: { command: ['node', 'once.js'], job: true },
  },
  'strata:tenancy': {
    model: 'shared',
    tenants: {
      acme: { name: 'Acme', members: { ann: 'admin', bob: 'member' } },
      globex: { members: { gus: 'admin' } },
    },
  },
  'strata:ports': { database: 15432, graphql: 15678 },
};

const nasty = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  ' ',
  '\0',
  '\u202eemca',
  'аcme',
  'ａｃｍｅ',
  '\ud800',
  '\u001b[31mred',
  '../../etc/passwd',
  "'; drop schema app cascade; --",
  '{',
  'null',
  'NaN',
  '1e999',
  'x'.repeat(5_000),
);
const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), nasty, fc.string());
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 6 }),
  word,
  fc.double(),
  fc.integer(),
  fc.dictionary(word, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 }),
  fc.array(word, { maxLength: 5 }),
);

const key = fc.oneof(
  fc.constantFrom(...known),
  word.map((name) => `strata:${name}`),
  word,
);
const text = fc.oneof(
  anything.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
  word,
);
const random: fc.Arbitrary<Raw> = fc.dictionary(key, text, { maxKeys: 8 });

/** One change somewhere inside a valid config. */
interface Change {
  /** Which of the places below, counted around. */
  readonly place: number;
  readonly kind: 'replace' | 'remove' | 'rename' | 'add';
  readonly name: string;
  readonly value: unknown;
}

const change: fc.Arbitrary<Change> = fc.record({
  place: fc.nat(1000),
  kind: fc.constantFrom('replace', 'remove', 'rename', 'add'),
  name: word,
  value: anything,
});
const mutated: fc.Arbitrary<Raw> = fc
  .array(change, { minLength: 1, maxLength: 4 })
  .map((changes) => {
    const config = structuredClone(valid);
    for (const one of changes) apply(config, one);
    return toRaw(config);
  });

function apply(config: Json, { place, kind, name, value }: Change): void {
  const places = placesOf(config);
  const chosen = places[place % places.length];
  if (!chosen) return;
  const [owner, member] = chosen;
  const old = owner[member];
  if (kind !== 'replace' && kind !== 'add') Reflect.deleteProperty(owner, member);
  if (kind === 'replace') set(owner, member, value);
  if (kind === 'rename') set(owner, name, old);
  if (kind === 'add') set(owner, name, value);
}

/** Also makes a member of its own out of `__proto__`, as JSON does. */
function set(owner: Json, name: string, value: unknown): void {
  // JSON gives no array a length of its own.
  if (Array.isArray(owner) && name === 'length') return;
  Object.defineProperty(owner, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function placesOf(owner: Json): [Json, string][] {
  return Object.entries(owner).flatMap(([name, value]): [Json, string][] => [
    [owner, name],
    ...(typeof value === 'object' && value !== null ? placesOf(value as Json) : []),
  ]);
}

function toRaw(config: Json): Raw {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

/** Settings as a config would say them: of secrets, settings keep the names only. */
function given(settings: Settings): Json {
  const secrets = Object.fromEntries(settings.secrets.map((name) => [name, 'hidden']));
  return { ...settings, secrets };
}

/** Accepted, or refused with key and reason: nothing else may happen. */
function judge(raw: Raw): void {
  let settings;
  try {
    settings = parseSettings(raw);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    for (const problem of error.problems) {
      expect(problem.key).toMatch(/^strata:./);
      expect(problem.reason).not.toBe('');
    }
    // Terminals act on control characters, and look-alike marks reorder text.
    expect(error.message.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(error.message.length).toBeLessThan(200_000);
    return;
  }
  // What was accepted says the same when it is read again.
  expect(
    parseSettings(
      toRaw(
        Object.fromEntries(Object.entries(given(settings)).map(([k, v]) => [`strata:${k}`, v])),
      ),
    ),
  ).toEqual(settings);
}

describe('any config at all', () => {
  test('the valid one of these tests is accepted', () => {
    expect(parseSettings(toRaw(valid)).customServices.once?.job).toBe(true);
  });

  test('random keys and values are accepted or refused with key and reason', () => {
    fc.assert(fc.property(random, judge), { numRuns: 2_000 });
  });

  test('changes of a valid config are accepted or refused with key and reason', () => {
    fc.assert(fc.property(mutated, judge), { numRuns: 3_000 });
  });

  test('no config changes what every object has', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    fc.assert(fc.property(mutated, judge), { numRuns: 500 });
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });

  test('a value that Pulumi holds as a secret is never shown', () => {
    const secret = 'hush-Ab3xQ';
    fc.assert(
      fc.property(fc.constantFrom(...known), anything, (name, value) => {
        const raw = { [name]: JSON.stringify([secret, value]) };
        expect(() => parseSettings(raw, [name])).toThrow(SettingsError);
        expect(() => parseSettings(raw, [name])).not.toThrow(secret);
      }),
    );
  });
});
