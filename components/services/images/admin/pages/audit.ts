import { html, type Html } from '../html';
import { address, frame, given, table } from '../layout';
import { pageSize, type Entry } from '../registry';
import { count, moment } from '../words';

/** Entries of the audit log, of one tenant or of all, the newest first. */
export function audit(
  entries: readonly Entry[],
  { tenant, later }: { readonly tenant: string; readonly later: boolean },
): Html {
  const oldest = entries.length === pageSize ? entries.at(-1) : undefined;
  return frame({
    place: 'audit',
    title: tenant === '' ? 'Audit' : `Audit: ${tenant}`,
    content: [
      html`<p class="note">
        Who changed rows, of which table, and how many; which rows and what is in them stands here
        nowhere. Tenants with a database of their own have a log there.
        ${tenant !== '' && html`<a href="${address('audit')}">All tenants</a>`}
      </p>`,
      entryTable(entries),
      (oldest !== undefined || later) &&
        html`<nav class="pages" aria-label="Pages of the list">
          ${later && html`<a href="${address('audit', { tenant })}">← Newest</a>`}
          ${
            oldest !== undefined &&
            html`<a rel="next" href="${address('audit', { tenant, at: oldest.at, id: oldest.id })}"
              >Older →</a
            >`
          }
        </nav>`,
    ],
  });
}

export function entryTable(entries: readonly Entry[]): Html {
  return table({
    heads: ['When (UTC)', 'Tenant', 'Change', 'Table', '#Rows', 'Who', 'Login'],
    empty: 'Nothing is logged here.',
    rows: entries.map((entry) => [
      moment(entry.at),
      tenantOf(entry),
      entry.operation,
      entry.relation,
      entry.operation === 'truncate' ? 'all' : count(entry.changed_rows),
      entry.handle === null ? '–' : given(entry.handle),
      entry.login,
    ]),
  });
}

function tenantOf({ slug, tenant_id }: Entry): Html | string {
  if (slug !== null) return html`<a href="${address(`tenants/${slug}`)}">${slug}</a>`;
  return tenant_id === null ? '–' : html`<code>${tenant_id}</code>`;
}
