import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stateOf, whyNoEngine } from '../support/engine';
import { Workspace, type Ran } from '../support/workspace';

const reason = await whyNoEngine();
const folder = '.strata/stacks/local/volumes/database-1';

/** What keeps data and a key, and no service: a deployment of it is quick. */
const program = `
import * as pulumi from '@pulumi/pulumi';
import { Password, Volume } from './provider/sdk';

class Platform extends pulumi.ComponentResource {}
const parent = new Platform('strata:index:Platform', 'strata');
new Password('jwt-key', { length: 16 }, { parent, protect: true });
new Password('login-strata_app', { length: 16 }, { parent, protect: true });
`;
const volume = `new Volume('database-1', { path: '${folder}' }, { parent, protect: true });\n`;

let workspace: Workspace;

/** As \`npm run up\`; it ends with a complaint, for the program has none of the platform's outputs. */
function up(tokens = ''): Promise<Ran> {
  const words = ['engine/load.cjs', 'engine/cli.ts', 'up'];
  return workspace.execute(process.execPath, words, { STRATA_DELETE_DATA: tokens });
}

/** Name → whether it is protected, and an id of what it is. */
function kept(): Record<string, unknown> {
  const own = stateOf(workspace).resources.filter(({ urn }) => urn.includes('Platform$'));
  return Object.fromEntries(own.map(({ urn, protect }) => [urn.split('::').at(-1) ?? '', protect]));
}

beforeAll(async () => {
  if (reason) return;
  workspace = await Workspace.create();
  workspace.write('index.ts', program + volume);
  await up();
  expect(kept()).toEqual({ 'jwt-key': true, 'login-strata_app': true, 'database-1': true });
});
afterAll(async () => {
  if (!reason) await workspace.dispose();
});

test.skipIf(reason)(
  'what holds data is neither deleted nor replaced without its token, and by it alone',
  async () => {
    // A volume taken out, a key renamed, a password of another length.
    const changed = program
      .replace("'jwt-key', { length: 16 }", "'jwt-key', { length: 17 }")
      .replace('login-strata_app', 'login-app');
    workspace.write('index.ts', changed);
    const refused = await up('local/jwt-key,other/database-1');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('database-1 (strata:local:Volume) would be deleted');
    expect(refused.stderr).toContain('login-strata_app (strata:secrets:Password) would be deleted');
    expect(refused.stderr).toContain('STRATA_DELETE_DATA=local/');
    expect(refused.stdout).not.toContain('Updating');
    expect(kept()).toEqual({ 'jwt-key': true, 'login-strata_app': true, 'database-1': true });

    const allowed = await up('local/database-1, local/jwt-key, local/login-strata_app');
    expect(allowed.stdout, allowed.stderr).toContain('Updating');
    expect(kept()).toEqual({ 'jwt-key': true, 'login-app': true });
    expect(existsSync(workspace.path(folder))).toBe(false);
  },
);
