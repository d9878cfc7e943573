import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ForgedJobError,
  jobKey,
  openJob,
  sealJob,
} from '../../components/services/images/functions/jobs';

const key = jobKey('the key of tokens');
const identity = {
  tenantId: '3f1f3a51-8b0a-4a43-9d3e-0a5d6a1f7b11',
  userId: 'a87d1b8e-7a8e-4d5f-9a55-7d0f4f3c2b22',
  role: 'member',
  scopes: ['functions:write'],
} as const;

test('what is sealed is what is opened, for whom it was sealed', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      const { id, job } = sealJob(key, 'mails', identity, data);
      expect(openJob(key, 'mails', id, JSON.parse(JSON.stringify(job)))).toEqual({
        identity,
        data: JSON.parse(JSON.stringify(data)) as unknown,
      });
    }),
  );
});

test('one character changed anywhere opens nothing', () => {
  const { id, job } = sealJob(key, 'mails', identity, { to: 'ann' });
  fc.assert(
    fc.property(
      fc.constantFrom('payload', 'signature'),
      fc.nat(),
      fc.string({ minLength: 1, maxLength: 1 }),
      (part, at, character) => {
        const text = job[part];
        const place = at % text.length;
        const changed = text.slice(0, place) + character + text.slice(place + 1);
        fc.pre(changed !== text);
        expect(() => openJob(key, 'mails', id, { ...job, [part]: changed })).toThrow(
          ForgedJobError,
        );
      },
    ),
  );
});

test('another platform’s key, another queue and another id open nothing', () => {
  const { id, job } = sealJob(key, 'mails', identity, {});
  expect(() => openJob(jobKey('another key'), 'mails', id, job)).toThrow(ForgedJobError);
  expect(() => openJob(key, 'other', id, job)).toThrow(ForgedJobError);
  expect(() => openJob(key, 'mails', 'other', job)).toThrow(ForgedJobError);
  expect(() => openJob(key, 'mails', undefined, job)).toThrow(ForgedJobError);
});

test.each([[undefined], [null], [1], ['text'], [[]], [{}], [{ payload: 1, signature: 2 }]])(
  'what has another form, such as %j, opens nothing',
  (given) => {
    expect(() => openJob(key, 'mails', 'id', given)).toThrow(ForgedJobError);
  },
);

test('what is too big, or no JSON, is not sealed', () => {
  expect(() => sealJob(key, 'mails', identity, 'x'.repeat(70_000))).toThrow('65536 bytes');
  expect(() => sealJob(key, 'mails', identity, 1n)).toThrow('BigInt');
});
