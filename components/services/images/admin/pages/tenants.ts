import { html, type Html, type Part } from '../html';
import { address, badge, empty, facts, frame, given, pages, searchField, table } from '../layout';
import type { Entry, ListedKey, ListedMember, ListedTenant } from '../registry';
import { count, moment, size } from '../words';
import { entryTable } from './audit';

interface Listing {
  readonly search: string;
  readonly page: number;
  /** Of a tenant for which nothing else is said. */
  readonly requestsPerMinute: number;
}

/** A page of the list of tenants. */
export function tenants(
  found: readonly ListedTenant[],
  { search, page, requestsPerMinute }: Listing,
): Html {
  return frame({
    place: 'tenants',
    title: 'Tenants',
    content: [
      searchField('tenants', search, 'Slug, name or id'),
      table({
        heads: ['Tenant', 'Name', 'Status', 'Model', 'Shard', '#Members', '#Storage', '#Requests'],
        empty:
          search === '' && page === 1
            ? 'There is no tenant yet. npm run tenants -- create SLUG makes one.'
            : 'No tenant is on this page.',
        rows: found.map((tenant) => [
          html`<a href="${address(`tenants/${tenant.slug}`)}">${tenant.slug}</a>`,
          given(tenant.name),
          status(tenant),
          tenant.model,
          tenant.shard,
          count(tenant.members),
          storage(tenant),
          requests(tenant, requestsPerMinute),
        ]),
      }),
      pages({ path: 'tenants', query: { search }, page, total: found[0]?.total ?? 0 }),
    ],
  });
}

interface TenantParts {
  readonly members: readonly ListedMember[];
  readonly membersPage: number;
  readonly keys: readonly ListedKey[];
  readonly keysPage: number;
  readonly entries: readonly Entry[];
  readonly requestsPerMinute: number;
}

/** All that there is to say of a tenant without reading its rows. */
export function tenant(shown: ListedTenant, parts: TenantParts): Html {
  const path = `tenants/${shown.slug}`;
  const { members, membersPage, keys, keysPage } = parts;
  return frame({
    place: 'tenants',
    title: shown.slug,
    content: [
      facts([
        ['Name', given(shown.name)],
        ['Status', status(shown)],
        ['Model', shown.model],
        ['Shard', shown.shard],
        ['Storage', storage(shown)],
        ['Requests', requests(shown, parts.requestsPerMinute)],
        ['Since', moment(shown.created_at)],
        ['Id', html`<code>${shown.id}</code>`],
      ]),
      html`<h2>Members</h2>`,
      table({
        heads: ['Handle', 'Role', 'Since', 'User id'],
        empty: membersPage === 1 ? 'It has no member.' : 'Nobody is on this page.',
        rows: members.map(({ handle, role, created_at, user_id }) => [
          given(handle),
          role,
          moment(created_at),
          html`<code>${user_id}</code>`,
        ]),
      }),
      pages({
        path,
        query: { keys: String(keysPage) },
        word: 'members',
        page: membersPage,
        total: members[0]?.total ?? 0,
      }),
      html`<h2>API keys</h2>`,
      table({
        heads: ['Name', 'State', 'Role', 'Scopes', 'Issued by', 'Ends', 'Last used', '#Uses'],
        empty:
          keysPage === 1
            ? 'Nobody of this tenant has issued an API key.'
            : 'No API key is on this page.',
        rows: keys.map((key) => [
          given(key.name),
          stateOf(key),
          key.role,
          key.scopes.join(' '),
          given(key.issuer),
          moment(key.expires_at),
          key.last_used_at === null ? 'never' : moment(key.last_used_at),
          count(key.use_count),
        ]),
      }),
      pages({
        path,
        query: { members: String(membersPage) },
        word: 'keys',
        page: keysPage,
        total: keys[0]?.total ?? 0,
      }),
      html`<h2>Last changes</h2>`,
      ...changes(shown, parts.entries),
    ],
  });
}

function changes({ slug, model }: ListedTenant, entries: readonly Entry[]): Part[] {
  return [
    model === 'database' &&
      empty('This tenant has a database of its own, and what changes there is logged there.'),
    entryTable(entries.slice(0, 10)),
    entries.length > 0 &&
      html`<p><a href="${address('audit', { tenant: slug })}">All changes of ${slug}</a></p>`,
  ];
}

function status({ status: word }: ListedTenant): Html {
  return badge(word, word === 'active' ? 'good' : word === 'suspended' ? 'bad' : 'plain');
}

function storage({ storage_used, storage_limit }: ListedTenant): string {
  const used = size(storage_used);
  return storage_limit === null ? `${used}, no limit` : `${used} of ${size(storage_limit)}`;
}

function requests({ requests_per_minute }: ListedTenant, usual: number): string {
  return `${count(requests_per_minute ?? usual)} / min`;
}

function stateOf({ revoked_at, expires_at }: ListedKey): Html {
  if (revoked_at !== null) return badge('revoked', 'plain');
  const over = Date.parse(`${moment(expires_at).replace(' ', 'T')}Z`) <= Date.now();
  return over ? badge('expired', 'plain') : badge('active', 'good');
}
