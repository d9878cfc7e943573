import { describe, expect, test } from 'vitest';
import { planOf } from '../../components/plan';
import { presetNames } from '../../components/settings/names';
import { apart, madeAnew, mostServersOf, serversOf } from '../../components/tiers/placement';
import { settingsOf } from '../support/platform';

const ofAll = { target: 'docker', monitoring: { logs: true, traces: true } };

describe.each(presetNames)('preset %s on several servers', (preset) => {
  const { data, operations, app } = apart(planOf(settingsOf({ ...ofAll, preset })));
  const groups = { data, operations, app };

  test('has each service once', () => {
    const { all } = planOf(settingsOf({ ...ofAll, preset }));
    const placed = Object.values(groups).flat();
    expect(placed.map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort());
  });

  test('keeps nothing where there is any number of servers', () => {
    const kept = app.flatMap(({ volumes = {} }) => Object.values(volumes));
    expect(kept.filter((content) => !madeAnew.includes(content))).toEqual([]);
  });

  test('has all that mount a volume on one server', () => {
    const where = Object.entries(groups).flatMap(([group, services]) =>
      services.flatMap(({ volumes = {} }) =>
        Object.values(volumes).map((content) => `${content} on ${group}`),
      ),
    );
    const contents = [...new Set(where)].map((text) => text.split(' ')[0]);
    expect(contents).toEqual([...new Set(contents)]);
  });

  test('lets what keeps data need nothing of other servers', () => {
    const there = data.map(({ name }) => name);
    expect(data.flatMap(({ needs }) => needs).filter((name) => !there.includes(name))).toEqual([]);
  });
});

test('what answers requests runs on each of the like servers, twice as many during a release; the rest once', () => {
  const of = (tier: 'split' | 'load-balanced', name: string) => [
    serversOf(tier, { name }),
    mostServersOf(tier, { name }),
  ];
  const several = ['gateway', 'guard', 'sessions', 'oauth', 'realtime', 'hasura', 'hasura-auth'];
  for (const name of [...several, 'supabase-storage', 'admin', 'prometheus-agent']) {
    expect([name, of('load-balanced', name)]).toEqual([name, [3, 6]]);
    expect([name, of('split', name)]).toEqual([name, [1, 1]]);
  }
  for (const name of ['gotrue', 'pgadmin', 'grafana', 'pgbouncer-exporter', 'pooler']) {
    expect([name, of('load-balanced', name)]).toEqual([name, [1, 1]]);
  }
});
