import type { AdminConfig, ListedService } from '../config';
import type { Health } from '../health';
import { html, type Html } from '../html';
import { badge, facts, frame, table } from '../layout';

export interface Seen {
  readonly service: ListedService;
  readonly health: Health;
}

/** Every service and how it is, asked for now; `database` is what the page's own login saw. */
export function overview(
  { services }: AdminConfig,
  { seen, database }: { readonly seen: readonly Seen[]; readonly database: Health },
): Html {
  const all = [database, ...seen.map(({ health }) => health)];
  const asked = all.filter(({ state }) => state !== 'not asked');
  const well = asked.filter(({ state }) => state === 'healthy').length;
  return frame({
    place: '',
    title: 'Overview',
    content: [
      facts([
        ['Services', services.length + 1],
        ['Healthy', badge(`${well} of ${asked.length}`, well === asked.length ? 'good' : 'bad')],
      ]),
      table({
        heads: ['Service', 'Health', '#Time', '#Replicas', 'What it is', 'Page'],
        empty: 'No service is deployed beside this page.',
        rows: [
          ['database', ...ofHealth(database), 1, 'The Postgres server of the shard main', ''],
          ...seen.map(({ service: { name, replicas, about, page }, health }) => [
            name,
            ...ofHealth(health),
            replicas,
            about,
            page !== undefined && html`<a href="${page}">Open</a>`,
          ]),
        ],
      }),
    ],
  });
}

function ofHealth({ state, said, milliseconds }: Health): [Html, string] {
  const mood = { healthy: 'good', unhealthy: 'bad', 'not asked': 'plain' } as const;
  return [
    html`${badge(state, mood[state])} <small>${said}</small>`,
    state === 'not asked' ? '' : `${milliseconds} ms`,
  ];
}
