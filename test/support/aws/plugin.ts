import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../engine/root';
import { plugins } from '../lab';
import type { Workspace } from '../workspace';
import { python } from './moto';

const extension = path.join(root, 'test/support/aws/plugin/index.cjs');
const dataOf = 'import botocore, os; print(os.path.dirname(botocore.__file__) + "/data")';

/** Lets a workspace use this machine's plugins, that of AWS with the resources that test/support/aws/plugin adds to it. */
export function lendAwsPlugins(workspace: Workspace): void {
  for (const folder of readdirSync(plugins, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    const from = path.join(plugins, folder.name);
    // The engine does not look into folders that are links.
    const to = workspace.path('.pulumi-home', 'plugins', folder.name);
    mkdirSync(to, { recursive: true });
    for (const file of readdirSync(from)) symlinkSync(path.join(from, file), path.join(to, file));
    if (folder.name.startsWith('resource-aws-v')) extend(from, to);
  }
}

function extend(plugin: string, to: string): void {
  const data = execFileSync(python, ['-c', dataOf], { encoding: 'utf8' }).trim();
  const program = path.join(to, 'pulumi-resource-aws');
  rmSync(program);
  const words = [
    '#!/bin/sh',
    `export STRATA_LAB_PLUGIN='${plugin}' STRATA_BOTOCORE_DATA='${data}'`,
  ];
  writeFileSync(program, [...words, `exec node '${extension}' "$@"`, ''].join('\n'), {
    mode: 0o755,
  });
}
