import { describe, expect, test } from 'vitest';
import { anonymised } from '../../components/tenancy/anonymise';
import type { TenancyDeclaration } from '../../components/tenancy/declaration';
import { circularReferences, tableOrder } from '../../components/tenancy/order';
import { declarationProblems } from '../../components/tenancy/problems';

const closed = { read: 'nobody', insert: 'nobody', update: 'nobody', delete: 'nobody' } as const;
const projects = { 'app.projects': closed };

describe('a declaration that is wrong', () => {
  test.each<[object, string[]]>([
    [
      { ...closed, read: { role: 'members', scope: 'graphql:reed' } },
      [
        'app.notes.read.role is "members"; allowed: owner, admin, member (did you mean \'member\'?)',
        'app.notes.read.scope is "graphql:reed"; allowed: graphql:read, graphql:write, storage:read, storage:write, ' +
          "functions:read, functions:write, services:read, services:write (did you mean 'graphql:read'?)",
      ],
    ],
    [
      { ...closed, update: { role: 'nobody', scope: 'graphql:write', extra: 1 } },
      [
        'app.notes.update.extra is not known; allowed: role, scope',
        'app.notes.update.role is "nobody"; allowed: owner, admin, member',
      ],
    ],
    [
      { ...closed, insert: { role: 'self', scope: 'graphql:*' } },
      [
        "app.notes.insert.role is 'self' but app.notes.owner names no column: add owner: 'author_id' or the like",
        'app.notes.insert.scope is "graphql:*"; allowed: graphql:read, graphql:write, storage:read, storage:write, ' +
          "functions:read, functions:write, services:read, services:write (did you mean 'graphql:read'?)",
      ],
    ],
    [
      { ...closed, delete: { role: 'admin' } },
      [
        'app.notes.delete.scope is missing; allowed: graphql:read, graphql:write, storage:read, storage:write, ' +
          'functions:read, functions:write, services:read, services:write',
      ],
    ],
    [
      { ...closed, hidden: ['tenant_id', 'x"', 'a', 'a'] },
      [
        'app.notes.hidden has "tenant_id": tenant_id is set by the platform; expected one of the columns that no tenant reads',
        'app.notes.hidden has "x\\"": a name is of a-z, 0-9 and _, begins with no digit and has at most 63 characters',
        'app.notes.hidden has "a": it is named twice',
      ],
    ],
    [
      { ...closed, hidden: 'score' },
      [
        'app.notes.hidden is "score": expected names of columns that no tenant reads; where they may read none, read is \'nobody\'',
      ],
    ],
    [
      {
        ...closed,
        personal: { email: 'mail', tenant_id: 'erase', born: { value: 1 }, name: { valu: 'x' } },
      },
      [
        "app.notes.personal.email is \"mail\"; allowed: erase, email, name, text, { value: '…' } (did you mean 'email'?)",
        'app.notes.personal has "tenant_id": tenant_id is set by the platform; expected a column that tells about a person',
        "app.notes.personal.born.value is 1: expected a text, such as '1970-01-01'",
        "app.notes.personal.name.valu is not known; allowed: value (did you mean 'value'?)",
        "app.notes.personal.name.value is undefined: expected a text, such as '1970-01-01'",
      ],
    ],
    [
      { ...closed, personal: ['email'] },
      ["app.notes.personal is [\"email\"]: expected { email: 'email', phone: 'erase' }"],
    ],
    [
      { ...closed, parents: { project_id: 'app.project', 'a,tenant_id': 'app.projects' } },
      [
        'app.notes.parents.project_id is "app.project": tables declares no such table (did you mean \'app.projects\'?)',
        'app.notes.parents has "tenant_id": tenant_id is set by the platform; expected a column that names a row of the parent',
      ],
    ],
    [
      { ...closed, parents: 'app.projects' },
      ['app.notes.parents is "app.projects": expected { project_id: \'app.projects\' }'],
    ],
  ])('%j is told what, all at once', (rules, expected) => {
    expect(declarationProblems({ tables: { ...projects, 'app.notes': rules } })).toEqual(expected);
  });

  test.each<[unknown, string[]]>([
    ['app.countries', ["shared is \"app.countries\": expected { 'app.countries': 'member' }"]],
    [
      { 'app.countries': 'everybody' },
      ['shared.app.countries is "everybody"; allowed: nobody, member'],
    ],
    [{ countries: 'member' }, ['"countries" is not a table with its schema: write app.countries']],
    [
      { 'app.projects': 'member' },
      ["app.projects stands in tables and in shared: its rows are some tenant's, or no tenant's"],
    ],
  ])('of shared tables %j is told what', (shared, expected) => {
    expect(declarationProblems({ tables: projects, shared })).toEqual(expected);
  });
});

describe('the order of tables', () => {
  const related = (parents: Record<string, Record<string, string>>): TenancyDeclaration => ({
    tables: Object.fromEntries(
      Object.entries(parents).map(([table, own]) => [table, { ...closed, parents: own }]),
    ),
  });

  test('has parents before their children, and names where nothing else decides', () => {
    const declaration = related({
      'app.a': { b_id: 'app.b', self_id: 'app.a' },
      'app.b': { d_id: 'app.d' },
      'app.c': {},
      'app.d': {},
    });
    expect(tableOrder(declaration)).toEqual(['app.d', 'app.b', 'app.a', 'app.c']);
    expect(circularReferences(declaration)).toEqual([]);
  });

  test('says which references cannot hold where tables refer to each other in a circle', () => {
    const declaration = related({
      'app.a': { b_id: 'app.b' },
      'app.b': { c_id: 'app.c' },
      'app.c': { a_id: 'app.a' },
    });
    expect(tableOrder(declaration)).toEqual(['app.c', 'app.b', 'app.a']);
    expect(circularReferences(declaration)).toEqual([
      { table: 'app.c', columns: ['a_id'], parent: 'app.a' },
    ]);
  });
});

describe('anonymous values', () => {
  const salt = '0123456789abcdef';

  test('are made of each column by its way, sorted', () => {
    const made = (column: string): string =>
      `left(encode(sha256(convert_to('${salt}' || "${column}"::text, 'UTF8')), 'hex'), 20)`;
    expect([
      ...anonymised(
        {
          personal: {
            phone: 'erase',
            email: 'email',
            name: 'name',
            body: 'text',
            born: { value: "o'clock" },
          },
        },
        salt,
      ),
    ]).toEqual([
      ['body', `case when "body" is not null then repeat('x', char_length("body"::text)) end`],
      ['born', `case when "born" is not null then 'o''clock' end`],
      ['email', `case when "email" is not null then ${made('email')} || '@example.invalid' end`],
      ['name', `case when "name" is not null then 'Person ' || ${made('name')} end`],
      ['phone', 'null'],
    ]);
  });

  test('need a salt that nobody guesses', () => {
    expect(() => anonymised({}, 'short')).toThrow('a salt has at least 16 bytes');
  });
});
