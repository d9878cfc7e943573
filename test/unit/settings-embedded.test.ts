import { expect, test } from 'vitest';
import { refusals } from '../../components/refusals';
import type { CustomServiceInput } from '../../components/settings/custom';
import { SettingsError } from '../../components/settings/errors';
import { parseSettings } from '../../components/settings/read';

function refused(config: Record<string, unknown>): string[] {
  const raw = Object.entries(config).map(([name, value]): [string, string] => [
    `strata:${name}`,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  try {
    parseSettings(Object.fromEntries(raw), [], refusals);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map(({ key }) => key);
    throw error;
  }
}

const web: CustomServiceInput = { command: ['node', 'web.js'], port: 8001 };

function ofWeb(...members: string[]): string[] {
  return members.map((member) => `strata:customServices.web.${member}`);
}

test.each<[string, CustomServiceInput, string[]]>([
  ['all that a process has', { ...web, database: true, verifiesTokens: true, health: '/' }, []],
  ['an image alone', { image: 'web:1' }, ofWeb('image', 'command')],
  ['an image and a command', { ...web, image: 'web:1' }, ofWeb('image')],
  ['a build', { ...web, build: { context: './app' } }, ofWeb('build')],
  ['a published port', { ...web, publish: 9001 }, ofWeb('publish')],
  ['a route', { ...web, route: { path: '/web/' } }, ofWeb('route')],
  ['a subdomain', { ...web, route: { subdomain: 'web' } }, ofWeb('route')],
  [
    'limits, replicas and all that is of containers',
    {
      ...web,
      redis: true,
      healthCommand: ['true'],
      user: '1:1',
      writableRoot: true,
      replicas: 2,
      resources: { cpus: 1 },
    },
    ofWeb('resources', 'replicas', 'redis', 'healthCommand', 'user', 'writableRoot'),
  ],
  ['a cache for a job', { command: ['x'], job: true, redis: true }, ofWeb('redis')],
])('a custom service with %s is refused for what there is not', (_what, given, keys) => {
  expect(refused({ customServices: { web: given } })).toEqual(keys);
});

test('what only containers have is refused, also where it is a setting of its own', () => {
  expect(
    refused({
      preset: 'standard',
      gateway: { static: { '/app/': { folder: './nowhere' } } },
      database: { memory: '64M' },
      redis: { memory: '1G' },
      docker: { host: 'ssh://ops@example.org' },
      limits: {},
    }),
  ).toEqual([
    'strata:preset',
    'strata:docker',
    'strata:gateway',
    'strata:database',
    'strata:redis',
  ]);
});

test('a default that is written out is no change', () => {
  expect(refused({ database: { memory: '4G' }, docker: { databasePort: 25432 } })).toEqual([]);
});
