import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { volumesIn } from '../../engine/commands/destroy';
import { stackIn } from '../../engine/commands/pulumi';
import { refuseGuarded } from '../../engine/guarded';

function strata(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = ['engine/load.cjs', 'engine/cli.ts', ...args];
  return spawnSync(process.execPath, command, { encoding: 'utf8' });
}

describe('a command line that is wrong', () => {
  test.each([
    [['upp'], "unknown command 'upp'", 'Did you mean up?'],
    [['up', '--stak', 'x'], "unknown option '--stak'", 'Did you mean --stack?'],
    [
      ['token', '--tenant', 'acme'],
      "required option '--user <handle>' not specified",
      'token --help',
    ],
    [
      ['token', '--tenant', 'a', '--user', 'b', '--role', 'owner'],
      "'owner' is invalid",
      'member, admin',
    ],
    [
      ['token', '--tenant', 'a', '--user', 'b', '--minutes', '0'],
      "'0' is invalid",
      'from 1 to 1440',
    ],
  ])('%j exits with 2, says what is wrong and what is meant', (args, wrong, advice) => {
    const { status, stdout, stderr } = strata(...args);

    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(wrong);
    expect(stderr).toContain(advice);
  });

  test('destroy without a terminal and without --yes is refused before anything runs', () => {
    const { status, stderr } = strata('destroy');

    expect(status).toBe(1);
    expect(stderr).toContain('add --yes');
  });
});

test.each(['up', 'preview', 'down', 'destroy', 'status', 'token', 'pulumi', 'functions', 'schema'])(
  '%s --help explains it on stdout',
  (command) => {
    const { status, stdout, stderr } = strata(command, '--help');

    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: strata ${command}`);
    expect(stderr).toBe('');
  },
);

test('the stack that Pulumi’s own arguments name is the one whose backend is used', () => {
  expect(stackIn(['up', '-s', 'prod'])).toBe('prod');
  expect(stackIn(['--stack=dev', 'preview'])).toBe('dev');
  expect(stackIn(['stack', 'ls'])).toBeUndefined();
});

test('the volumes of a state carry the token that lets each be deleted', () => {
  const volume = {
    type: 'strata:local:Volume',
    urn: 'urn:pulumi:local::strata::strata:local:Volume::database',
    inputs: { path: '.strata/stacks/local/volumes/database' },
  };

  const disk = {
    type: 'aws:ebs/volume:Volume',
    urn: 'urn:pulumi:prod::strata::aws:ebs/volume:Volume::database-1',
    inputs: {},
  };

  const database = {
    type: 'aws:rds/instance:Instance',
    urn: 'urn:pulumi:prod::strata::aws:rds/instance:Instance::database-1',
    protect: true,
    outputs: { deletionProtection: true },
  };
  const replica = { ...database, protect: false };

  const resources = [volume, { ...volume, type: 'strata:local:Process' }, disk, database, replica];
  expect(volumesIn({ resources })).toEqual([
    { token: 'local/database', path: '.strata/stacks/local/volumes/database' },
    { token: 'prod/database-1', path: disk.urn },
    { token: 'prod/database-1:rds', path: database.urn },
  ]);
  expect(() => refuseGuarded('prod', resources)).toThrow(database.urn);
  expect(() => refuseGuarded('prod', [volume, disk])).not.toThrow();
});
