import { describe, expect, test } from 'vitest';
import { planOf } from '../../components/plan';
import { presetNames } from '../../components/settings/names';
import { apart, madeAnew } from '../../components/tiers/placement';
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
