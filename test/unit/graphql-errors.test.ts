import { buildSchema, GraphQLError, parse, specifiedRules, validate } from 'graphql';
import { afterEach, beforeEach, expect, test, vi, type MockInstance } from 'vitest';
import {
  maskError,
  unsuggesting,
  withoutSuggestion,
} from '../../components/services/images/graphql/errors';
import { muzzleConsole } from '../../components/services/images/graphql/log';
import { Refusal } from '../../components/services/images/shared/refusal';

let written: MockInstance<typeof process.stderr.write>;

beforeEach(() => {
  written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const lines = (): unknown[] =>
  written.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown);

/** As Postgres and PostGraphile make it: the caller's value is in the message, in the detail and in the query. */
function broken(code: string): GraphQLError {
  const originalError = Object.assign(new Error('value "hush\u001b[31m" is too much'), {
    code,
    constraint: 'notes_body_check',
    detail: 'Failing row contains (hush).',
  });
  return new GraphQLError(originalError.message, { originalError, path: ['alias_hush'] });
}

test('an error of the database is one line with an id, and the caller gets the id alone', () => {
  const masked = maskError(broken('23514'));
  const { id } = masked.extensions;
  expect(lines()).toEqual([
    {
      time: expect.any(String) as string,
      level: 'error',
      message: 'a query failed',
      id,
      error: 'Error',
      code: '23514',
      constraint: 'notes_body_check',
    },
  ]);
  expect(JSON.stringify(written.mock.calls)).not.toContain('hush');
  expect(masked.toJSON()).toEqual({
    message: `something went wrong here: its id in the log is ${String(id)}`,
    path: ['alias_hush'],
    extensions: { id },
  });
  expect(masked.originalError).toBeUndefined();
});

test('an error of the database within errors of GraphQL is masked too', () => {
  const outer = new GraphQLError('hush', { originalError: broken('23514') });
  expect(maskError(outer).message).not.toContain('hush');
});

test('a write that may not be says which scope it needs, and is nothing for the log', () => {
  expect(maskError(broken('25006')).toJSON()).toEqual({
    message: 'this API key may only read: a mutation needs the scope graphql:write',
    path: ['alias_hush'],
    extensions: { code: 'scope_missing' },
  });
  expect(written).not.toHaveBeenCalled();
});

test.each([
  ['ST001', 'TENANT_MOVED', 'this tenant has just been moved: send the request again'],
  ['40001', 'TRY_AGAIN', 'another request was at the same rows: send this one again'],
])('an error %s is said to pass, and nothing else of it', (code, said, message) => {
  expect(maskError(broken(code)).toJSON()).toEqual({
    message,
    path: ['alias_hush'],
    extensions: { code: said },
  });
  expect(written).not.toHaveBeenCalled();
});

test('a refusal that came up while the query ran is said with its code', () => {
  const originalError = new Refusal(503, 'database_unavailable', 'try again later');
  expect(maskError(new GraphQLError('x', { originalError })).toJSON()).toEqual({
    message: 'try again later',
    extensions: { code: 'database_unavailable' },
  });
});

test('what the query itself has wrong is said as it is', () => {
  const error = new GraphQLError('Variable "$a" of required type "Int!" was not provided.');
  expect(maskError(error)).toBe(error);
});

test('what a library writes to the console is one line without what it says', () => {
  const before = { ...console };
  try {
    muzzleConsole();
    console.error('select hush\n%O', Object.assign(new TypeError('hush'), { code: 'E_HUSHED' }));
  } finally {
    Object.assign(console, before);
  }
  expect(lines()).toEqual([
    {
      time: expect.any(String) as string,
      level: 'error',
      message: 'a library wrote to the console: left out',
      at: expect.stringContaining('graphql-errors.test.ts') as string,
      error: 'TypeError',
      code: 'E_HUSHED',
    },
  ]);
});

test('no rule suggests a name that the caller has not written', () => {
  const schema = buildSchema(`
    enum Shade { CRIMSON }
    input Patch { secretive: Int }
    type Query { confidential(shadowy: Int, shade: Shade, patch: Patch): Int }
  `);
  const asked = [
    '{ confidentia }',
    '{ confidential(shadow: 1) }',
    '{ confidential(shade: CRIMSO) }',
    '{ confidential(patch: { secretiv: 1 }) }',
    'query($a: Shad) { confidential }',
  ];
  const said = (rules: typeof specifiedRules): string[] =>
    asked.map((query) => validate(schema, parse(query), rules)[0]?.message ?? 'nothing');
  const suggesting = said(specifiedRules);
  expect(suggesting.filter((message) => message.includes('Did you mean'))).toHaveLength(5);
  expect(said(specifiedRules.map(unsuggesting))).toEqual(
    suggesting.map((message) => message.split(' Did you mean')[0]),
  );
});

test('an error without a suggestion stays as it is', () => {
  const error = new GraphQLError('Cannot query field "a" on type "Query".');
  expect(withoutSuggestion(error)).toBe(error);
});
