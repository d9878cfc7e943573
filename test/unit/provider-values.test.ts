import { describe, expect, test } from 'vitest';
import { failure } from '../../provider/host/messages';
import { isUnknown, known, receive, redact, send, unknown } from '../../provider/host/values';
import { renderConf, renderHba } from '../../provider/local/postgres/configuration';
import { generate } from '../../provider/secrets/password';

describe('values on their way to the engine and back', () => {
  test('come back as they were, without undefined members, secrets told apart', () => {
    const sent = send(
      { a: 1, b: ['x', { c: undefined, d: null }], e: undefined, f: { g: 'hidden text' } },
      ['f'],
    );
    const { values, secretProperties, secretTexts } = receive(sent);
    expect(values).toEqual({ a: 1, b: ['x', { d: null }], f: { g: 'hidden text' } });
    expect(secretProperties).toEqual(new Set(['f']));
    expect(secretTexts).toEqual(new Set(['hidden text']));
  });

  test('an unknown anywhere makes its property unknown, and only that', () => {
    const values = { a: 1, b: { c: [unknown] }, d: unknown };
    expect(isUnknown(values.b)).toBe(true);
    expect(known(values)).toEqual({ a: 1 });
  });

  test('an unknown secret is secret, and its placeholder is no secret text', () => {
    const { values, secretProperties, secretTexts } = receive(send({ a: unknown }, ['a']));
    expect(values).toEqual({ a: unknown });
    expect(secretProperties.has('a')).toBe(true);
    expect(secretTexts.size).toBe(0);
  });

  test('the password of a secret URL is a secret of its own', () => {
    const { secretTexts } = receive(
      send({ url: 'postgresql://app:a%2Fb%2Fc%2Fd@127.0.0.1/x' }, ['url']),
    );
    expect(redact('refused a/b/c/d for app', secretTexts)).toBe('refused [secret] for app');
  });

  test('secrets are taken out of messages wherever they stand', () => {
    expect(redact('got hunter22 and hunter22!', ['hunter22', 'x'])).toBe(
      'got [secret] and [secret]!',
    );
  });
});

describe('a failure', () => {
  const plain = (text: string) => text;

  test('is the message alone, unless the mistake is in the provider', () => {
    expect(failure(new Error('no such table'), plain).message).toBe('no such table');
    expect(failure(new TypeError('x is not a function'), plain).message).toContain(
      'provider-values.test',
    );
  });

  test('of several attempts tells each', () => {
    const several = new AggregateError([
      new Error('refused on ::1'),
      new Error('refused on 127.0.0.1'),
    ]);
    expect(failure(several, plain).message).toBe('refused on ::1; refused on 127.0.0.1');
  });
});

describe('the files of a Postgres', () => {
  test('settings are quoted, and stand after what Strata decides', () => {
    const conf = renderConf(15_432, { search_path: `a'b\\c` });
    expect(conf).toContain(`port = '15432'\nunix_socket_directories = ''\n`);
    expect(conf).toMatch(/search_path = 'a''b\\\\c'\n$/);
  });

  test('only passwords from this machine are let in', () => {
    const rules = renderHba()
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));
    expect(rules).toEqual([
      expect.stringMatching(/^host +all +all +127\.0\.0\.1\/32 +scram-sha-256$/),
    ]);
  });
});

test('a generated password has the length that was asked for, of letters and digits', () => {
  expect(generate(64)).toMatch(/^[A-Za-z0-9]{64}$/);
  expect(generate(64)).not.toBe(generate(64));
});
