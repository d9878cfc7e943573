import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Workspace } from '../support/workspace';

let workspace: Workspace;

beforeAll(async () => {
  workspace = await Workspace.create();
  workspace.write('secrets.json', JSON.stringify({ 'east-admin': 'postgresql://postgres@east' }));
});

afterAll(() => workspace.dispose());

describe('what a bundle for Compose cannot hold is refused, and nothing is written', () => {
  const tenants = { acme: { members: { ann: 'admin' } } };
  const shards = { east: { host: 'east', url: 'east-admin' } };

  test.each([
    ['a stack of another target', { 'strata:target': 'embedded' }, 'is for target embedded'],
    [
      'a stack with shards',
      { 'strata:target': 'docker', 'strata:tenancy': { tenants, shards } },
      'has shards (strata:tenancy.shards: east)',
    ],
  ])('%s', async (_, config, problem) => {
    workspace.write('Pulumi.bundle.yaml', stringify({ config }));
    const { code, stdout, stderr } = await workspace.run(
      ...['render', 'compose', '--stack', 'bundle', '--secrets', 'secrets.json', '--out', 'bundle'],
    );
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(problem);
    expect(existsSync(workspace.path('bundle'))).toBe(false);
  });
});
