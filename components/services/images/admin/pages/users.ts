import { html, type Html } from '../html';
import { address, frame, given, pages, searchField, table } from '../layout';
import type { ListedUser } from '../registry';
import { count, moment } from '../words';

/** A page of the list of users, with the tenants of each. */
export function users(
  found: readonly ListedUser[],
  { search, page }: { readonly search: string; readonly page: number },
): Html {
  return frame({
    place: 'users',
    title: 'Users',
    content: [
      searchField('users', search, 'Handle or id'),
      table({
        heads: ['Handle', 'Member of', 'Since', 'User id'],
        empty: search === '' && page === 1 ? 'There is no user yet.' : 'No user is on this page.',
        rows: found.map((user) => [
          given(user.handle),
          memberships(user),
          moment(user.created_at),
          html`<code>${user.id}</code>`,
        ]),
      }),
      pages({ path: 'users', query: { search }, page, total: found[0]?.total ?? 0 }),
    ],
  });
}

function memberships({ memberships: few, tenants }: ListedUser): Html {
  if (few.length === 0) return html`no tenant`;
  const more = tenants - few.length;
  return html`${few.map(
    ({ slug, role }, place) =>
      html`${place > 0 && ', '}<a href="${address(`tenants/${slug}`)}">${slug}</a> (${role})`,
  )}${more > 0 && ` and ${count(more)} more`}`;
}
