import type { Grant, ListedSchema, ListedTable, Policy, Table } from '../catalogue';
import type { AdminConfig } from '../config';
import { html, type Html } from '../html';
import { address, badge, facts, frame, pages, searchField, table } from '../layout';
import { count, size } from '../words';
import { tools } from './tools';

const scope = html`<p class="note">
  Read from the catalogue of the database <code>strata</code> of the shard main: shapes, policies
  and grants, never rows. Numbers of rows and sizes are those of the last <code>vacuum</code> or
  <code>analyze</code>.
</p>`;

/** Schemas, and other programs that show the database. */
export function schemas(
  found: readonly ListedSchema[],
  { databaseTools }: AdminConfig,
  { search, page }: { readonly search: string; readonly page: number },
): Html {
  return frame({
    place: 'database',
    title: 'Database',
    content: [
      scope,
      databaseTools.length > 0 && tools(databaseTools),
      searchField('database', search, 'Schema'),
      table({
        heads: ['Schema', '#Tables', 'Owner', 'What it is'],
        empty: 'No schema is on this page.',
        rows: found.map(({ name, tables, owner, about }) => [
          html`<a href="${address('database/schema', { schema: name })}">${name}</a>`,
          count(tables),
          owner,
          about,
        ]),
      }),
      pages({ path: 'database', query: { search }, page, total: found[0]?.total ?? 0 }),
    ],
  });
}

/** The tables and views of a schema. */
export function schema(
  name: string,
  found: readonly ListedTable[],
  { page }: { readonly page: number },
): Html {
  return frame({
    place: 'database',
    title: name,
    content: [
      scope,
      table({
        heads: ['Table', 'Kind', '#Rows', '#Size', 'Row security', '#Policies', 'What it is'],
        empty: 'No table is on this page.',
        rows: found.map((one) => [
          html`<a href="${address('database/table', { schema: name, table: one.name })}"
            >${one.name}</a
          >`,
          one.kind,
          rowsOf(one),
          size(one.bytes),
          fence(one),
          one.policies,
          one.about,
        ]),
      }),
      pages({
        path: 'database/schema',
        query: { schema: name },
        page,
        total: found[0]?.total ?? 0,
      }),
    ],
  });
}

/** A table's columns, policies, grants and indexes. */
export function tablePage(schemaName: string, shown: Table): Html {
  const { listed, columns, policies, grants, indexes } = shown;
  return frame({
    place: 'database',
    title: `${schemaName}.${listed.name}`,
    content: [
      scope,
      facts([
        [
          'Schema',
          html`<a href="${address('database/schema', { schema: schemaName })}">${schemaName}</a>`,
        ],
        ['Kind', listed.kind],
        ['Rows', rowsOf(listed)],
        ['Size', size(listed.bytes)],
        ['Row security', fence(listed)],
        ['What it is', listed.about ?? '–'],
      ]),
      html`<h2>Columns</h2>`,
      table({
        heads: ['Column', 'Type', 'Null', 'Default', 'What it is'],
        empty: 'It has no column.',
        rows: columns.map((column) => [
          column.name,
          code(column.type),
          column.required ? 'no' : 'yes',
          code(column.default),
          column.about,
        ]),
      }),
      html`<h2>Policies</h2>`,
      policyTable(policies),
      html`<h2>Grants</h2>`,
      grantTable(grants),
      html`<h2>Indexes</h2>`,
      table({
        heads: ['Definition'],
        empty: 'It has no index.',
        rows: indexes.map((definition) => [code(definition)]),
      }),
    ],
  });
}

function policyTable(policies: readonly Policy[]): Html {
  return table({
    heads: ['Policy', 'Kind', 'For', 'Roles', 'Rows that are seen', 'Rows that may be written'],
    empty: 'It has no policy.',
    rows: policies.map(({ name, permissive, command, roles, using, check }) => [
      name,
      permissive ? 'permits' : 'restricts',
      command,
      roles.join(', '),
      code(using),
      code(check),
    ]),
  });
}

function grantTable(grants: readonly Grant[]): Html {
  return table({
    heads: ['Role', 'May', 'Of'],
    empty: 'Nothing is granted to anybody but its owner.',
    rows: grants.map(({ role, privileges, columns }) => [
      role,
      privileges.join(', '),
      columns === null ? 'the table' : columns.join(', '),
    ]),
  });
}

function fence({ fence: state }: ListedTable): Html | string {
  if (state === null) return '–';
  return badge(state, state === 'off' ? 'bad' : 'good');
}

function rowsOf({ rows }: ListedTable): string {
  return rows === null ? 'unknown' : `about ${count(rows)}`;
}

function code(text: string | null): Html | string {
  return text === null ? '–' : html`<code>${text}</code>`;
}
