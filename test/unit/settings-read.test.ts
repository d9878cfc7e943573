import * as pulumi from '@pulumi/pulumi';
import { afterEach, expect, test } from 'vitest';
import { refusals } from '../../components/refusals';
import { SettingsError } from '../../components/settings/errors';
import { readSettings } from '../../components/settings/read';

afterEach(() => {
  pulumi.runtime.setAllConfig({});
});

/** The keys that a deployment with this config is refused for. */
function refused(config: Record<string, string>): string[] {
  pulumi.runtime.setAllConfig(config);
  try {
    readSettings(refusals);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.map(({ key }) => key);
  }
}

const services = JSON.stringify({ graphql: { image: 'registry.example/graphql:1' } });
const customServices = JSON.stringify({ web: { command: ['node'], replicas: 2 } });

test('what the target does not take is refused together with whatever else is wrong', () => {
  expect(refused({ 'strata:services': services, 'strata:customServices': customServices })).toEqual(
    ['strata:services.graphql.image', 'strata:customServices.web.replicas'],
  );
  expect(refused({ 'strata:tier': 'sinlge', 'strata:services': services })).toEqual([
    'strata:tier',
    'strata:services.graphql.image',
  ]);
});

test('nothing is refused for a target that cannot be read', () => {
  const config = { 'strata:services': services, 'strata:customServices': customServices };
  expect(refused({ ...config, 'strata:target': 'dokcer' })).toEqual(['strata:target']);
});

test.each(['strata:services', 'strata:customServices'])(
  'nothing else is refused while %s cannot be read',
  (key) => {
    const config = { 'strata:services': services, 'strata:customServices': customServices };
    expect(refused({ ...config, [key]: 'none' })).toEqual([key]);
  },
);

test('the settings that are shipped can be deployed', () => {
  expect(refused({})).toEqual([]);
});
