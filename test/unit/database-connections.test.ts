import { describe, expect, test } from 'vitest';
import {
  loginLimits,
  optionalConnections,
  vendorLimits,
  type Counted,
} from '../../components/services/database/optional';
import { isOn, presets } from '../../components/services/presets';
import { vendorNames, vendors } from '../../components/services/vendors';
import { presetNames } from '../../components/settings/names';
import { settingsSchema, type TierName } from '../../components/settings/schema';

function counted(tier: TierName, more: Partial<Counted> = {}): Counted {
  return { ...settingsSchema.parse({}), tier, ...more };
}

const servers = 3;
const most = 2 * servers;

describe('connections past the pooler', () => {
  test.each(presetNames)('of preset %s are the same on one server and with two', (preset) => {
    const single = counted('single', { preset });
    const split = counted('split', { preset });
    expect(optionalConnections(split)).toBe(optionalConnections(single));
    expect([loginLimits(split), vendorLimits(split)]).toEqual([
      loginLimits(single),
      vendorLimits(single),
    ]);
  });

  test('are those of each process on all servers, old and new ones', () => {
    const balanced = counted('load-balanced', { preset: 'nself' });
    expect(loginLimits(balanced)).toEqual({
      strata_sessions: 2 * most,
      strata_admin_page: 2 * most,
    });
    expect(vendorLimits(balanced)).toEqual({ hasura: 5 * most, 'hasura-auth': 10 * most });
    const listeners = (1 + 2) * most;
    expect(optionalConnections(balanced)).toBe((2 + 2 + 5 + 10) * most + listeners);
  });

  test('count replicas on each server', () => {
    const with2 = counted('load-balanced', {
      preset: 'nself',
      services: { sessions: { replicas: 2 }, guard: { replicas: 2 } },
    });
    const with1 = counted('load-balanced', { preset: 'nself' });
    expect(loginLimits(with2).strata_sessions).toBe(2 * 2 * most);
    expect(optionalConnections(with2) - optionalConnections(with1)).toBe((2 + 1) * most);
  });

  test('of what there is once are not more for it', () => {
    const balanced = counted('load-balanced', { preset: 'flask' });
    expect(vendorLimits(balanced)).toEqual({ gotrue: vendors.gotrue.connections });
    expect(isOn('pgadmin', balanced)).toBe(true);
    expect(loginLimits(balanced)).toEqual({
      strata_oauth: 4 * most,
      strata_sessions: 2 * most,
      strata_admin_page: 2 * most,
    });
  });

  test.each(vendorNames)('of one process of %s are never more than of one server', (name) => {
    expect(vendors[name].each).toBeLessThanOrEqual(vendors[name].connections);
  });

  test('are none where a deployment has nothing of it', () => {
    expect(presets.minimal.services).toEqual(['graphql']);
    expect(optionalConnections(counted('single', { preset: 'minimal' }))).toBe(0);
    expect(optionalConnections(counted('load-balanced', { preset: 'minimal' }))).toBe(most);
  });
});
