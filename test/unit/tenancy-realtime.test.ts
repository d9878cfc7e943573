import { describe, expect, test } from 'vitest';
import { couldRead } from '../../components/services/images/realtime/changes/rule';
import type { Session } from '../../components/services/images/shared/token';
import { together, withEvents } from '../../components/services/declared-functions';
import { compileTenancy } from '../../components/tenancy/compile';
import type { Rule, RowRule, TenancyDeclaration } from '../../components/tenancy/declaration';
import { declarationProblems } from '../../components/tenancy/problems';
import { realtimeRules, realtimeTriggers } from '../../components/tenancy/realtime';

const closed = { read: 'nobody', insert: 'nobody', update: 'nobody', delete: 'nobody' } as const;
const open = { ...closed, read: 'member' } as const;
const rules = { listen: 'member', send: 'member' } as const;

const declaration: TenancyDeclaration = {
  tables: {
    'app.tasks': { ...open, realtime: true },
    'app.notes': { ...open, read: 'owner', owner: 'author_id', realtime: true },
    'app.quiet': { ...open, owner: 'author_id' },
  },
  channels: { 'project:*': rules, notices: { listen: 'member', send: 'nobody' } },
};

function told(names: string): string {
  return `after insert or update or delete on TABLE for each row execute function realtime.record(${names})`;
}

describe('what a declaration tells', () => {
  test('is a trigger on each table that says so, with the declared name and the owner', () => {
    expect(realtimeTriggers(declaration)).toEqual({
      'app.notes': { strata_realtime: told("'app.notes', 'author_id'") },
      'app.tasks': { strata_realtime: told("'app.tasks'") },
    });
  });

  test('stands beside what functions wait for, in the fence of each table', () => {
    const events = { 'app.notes': { strata_event_x: 'x' }, 'app.quiet': { strata_event_y: 'y' } };
    const both = together(events, realtimeTriggers(declaration));
    const fences = withEvents(compileTenancy(declaration), both);
    const ours = (name: string): boolean => /^strata_(?:event|realtime)/.test(name);
    expect(
      fences.map(({ table, triggers }) => [table, Object.keys(triggers).filter(ours)]),
    ).toEqual([
      ['app.notes', ['strata_event_x', 'strata_realtime']],
      ['app.quiet', ['strata_event_y']],
      ['app.tasks', ['strata_realtime']],
    ]);
  });

  test('is who reads and who uses which channels, and in no other order when it is written in one', () => {
    const expected = {
      tables: { 'app.notes': 'owner', 'app.tasks': 'member' },
      channels: { notices: { listen: 'member', send: 'nobody' }, 'project:*': rules },
    };
    const { tables, channels = {} } = declaration;
    const reversed = {
      tables: Object.fromEntries(Object.entries(tables).reverse()),
      channels: Object.fromEntries(Object.entries(channels).reverse()),
    };
    expect(JSON.stringify(realtimeRules(declaration))).toBe(JSON.stringify(expected));
    expect(JSON.stringify(realtimeRules(reversed))).toBe(JSON.stringify(expected));
    expect(realtimeRules({ tables: {} })).toEqual({ tables: {}, channels: {} });
  });

  test('is right as it stands above', () => {
    expect(declarationProblems(declaration)).toEqual([]);
    const fine = ['a', '*', 'a*', 'a:b/c@d.e-f_g', `x${'y'.repeat(99)}*`, '9', 'constructor'];
    const channels = Object.fromEntries(fine.slice(1).map((name) => [name, rules]));
    expect(declarationProblems({ tables: {}, channels })).toEqual([]);
  });
});

describe('a declaration of what is told that is wrong', () => {
  const shape =
    "a channel's name is of letters, digits and _ . : / @ -, begins with a letter or digit, has at most 100 characters, " +
    'and may have one * at its end';

  test.each<[unknown, string[]]>([
    [false, ['app.a.realtime is false: expected true; without it no change is told']],
    ['yes', ['app.a.realtime is "yes": expected true; without it no change is told']],
    [
      true,
      ["app.a.realtime is true but app.a.read is 'nobody': nobody could be told; leave it out"],
    ],
  ])('realtime: %j', (realtime, problems) => {
    expect(declarationProblems({ tables: { 'app.a': { ...closed, realtime } } })).toEqual(problems);
  });

  test.each<[unknown, string[]]>([
    [
      ['a'],
      ["channels is [\"a\"]: expected { 'project:*': { listen: 'member', send: 'member' } }"],
    ],
    [{ a: 'member' }, ['channels["a"] is "member": expected { listen: …, send: … }']],
    [
      { a: { listen: 'nobody', send: 'members', extra: 1 } },
      [
        'channels["a"].extra is not known; allowed: listen, send',
        'channels["a"].listen is "nobody"; allowed: member, admin, self',
        'channels["a"].send is "members"; allowed: member, admin, self, nobody (did you mean \'member\'?)',
      ],
    ],
    [
      { user: { listen: 'self', send: 'self' }, 'user:*': { listen: 'self', send: 'self' } },
      [
        `channels["user"].listen is 'self' but nothing of the name is a user's id: end it in *, as "user:*"`,
        `channels["user"].send is 'self' but nothing of the name is a user's id: end it in *, as "user:*"`,
      ],
    ],
    [
      { user: rules, 'user*': rules },
      [
        'channels has "user": "user*" stands there as well; write the longer one with its sign, such as "user:*"',
      ],
    ],
    [
      { 'Realtime:a': rules },
      [
        'channels has "Realtime:a": clients put realtime: before the name themselves; write it without',
      ],
    ],
    ...[
      '',
      '**',
      'a*b',
      '*a',
      ' a',
      'a b',
      'a\n',
      'ä',
      '__proto__',
      '..',
      `x${'y'.repeat(100)}`,
      'a%',
      "a'",
      '{}',
    ].map((name): [unknown, string[]] => [
      Object.fromEntries([[name, rules]]),
      [`channels has ${JSON.stringify(name)}: ${shape}`],
    ]),
  ])('channels: %j', (channels, problems) => {
    expect(declarationProblems({ tables: {}, channels })).toEqual(problems);
  });
});

describe('who is told that a row is gone', () => {
  const ann = 'a0000000-0000-4000-8000-000000000000';
  const bob = 'b0000000-0000-4000-8000-000000000000';
  const scoped: Rule<RowRule> = { role: 'member', scope: 'graphql:read' };
  const of = (role: 'admin' | 'member', scopes?: readonly string[]): Session => ({
    tenantId: '10000000-0000-4000-8000-000000000000',
    userId: ann,
    role: `tenant_${role}`,
    scopes,
  });

  test.each<[Rule<RowRule>, Session, string | undefined, boolean]>([
    ['member', of('member'), bob, true],
    ['member', of('member', []), bob, true],
    ['admin', of('member'), ann, false],
    ['admin', of('admin'), bob, true],
    ['owner', of('member'), ann, true],
    ['owner', of('member'), bob, false],
    ['owner', of('member'), undefined, false],
    ['owner', of('admin'), undefined, true],
    ['nobody', of('admin'), ann, false],
    [scoped, of('member'), bob, true],
    [scoped, of('member', []), bob, false],
    [scoped, of('admin', ['graphql:write', 'storage:*']), bob, false],
    [scoped, of('member', ['graphql:read']), bob, true],
    [scoped, of('member', ['graphql:*']), bob, true],
    [{ role: 'owner', scope: 'graphql:read' }, of('member', ['graphql:read']), bob, false],
  ])('%j: %j, of %s: %s', (rule, session, owner, expected) => {
    expect(couldRead(session, rule, owner)).toBe(expected);
  });
});
