import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { findPulumi } from '../engine/pulumi/find';
import { engineEnvironment } from '../engine/pulumi/run';
import { root } from '../engine/root';
import { terminal } from '../engine/terminal';
import { freePort } from '../provider/local/ports';
import { figures, ratios, type Table } from './figures';
import { timed } from './timed';

const pairs = 5;
const copied = [
  'package.json',
  'package-lock.json',
  'images.lock.json',
  'Pulumi.yaml',
  'Pulumi.local.yaml',
  'index.ts',
  'components',
  'provider',
  'policy',
  'engine',
  'sql',
  'app',
];

/**
 * What live TypeScript costs: whole previews of a stack that is not deployed, with the loader and with JavaScript that
 * was built beforehand, in turn. Cold is the first preview of a fresh copy, warm the second.
 */
export async function load(): Promise<Table> {
  const pulumi = await findPulumi(terminal(false));
  const seconds = { cold: { live: [], built: [] }, warm: { live: [], built: [] } } as Record<
    'cold' | 'warm',
    Record<'live' | 'built', number[]>
  >;
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const way of pair % 2 ? (['live', 'built'] as const) : (['built', 'live'] as const)) {
      const folder = await copy();
      if (way === 'built') build(folder);
      await run(pulumi.command, folder, ['stack', 'init', 'local']);
      seconds.cold[way].push(await preview(pulumi.command, folder));
      seconds.warm[way].push(await preview(pulumi.command, folder));
      rmSync(folder, { recursive: true });
    }
    process.stderr.write(`pair ${pair + 1} of ${pairs}\n`);
  }
  const { cold, warm } = seconds;
  return {
    'cold: live TypeScript, s': figures(cold.live),
    'cold: prebuilt JavaScript, s': figures(cold.built),
    'cold: live / prebuilt': ratios(cold.live, cold.built),
    'warm: live TypeScript, s': figures(warm.live),
    'warm: prebuilt JavaScript, s': figures(warm.built),
    'warm: live / prebuilt': ratios(warm.live, warm.built),
  };
}

async function copy(): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-bench-'));
  for (const name of copied)
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  // Ports that nothing of this machine uses, or the preview would be refused.
  const config = path.join(folder, 'Pulumi.local.yaml');
  const ports = JSON.stringify({
    database: await freePort(20_000),
    graphql: await freePort(30_000),
  });
  writeFileSync(config, `${readFileSync(config, 'utf8')}  strata:ports: ${ports}\n`);
  return folder;
}

/** Program and provider as files that node runs without the loader. */
function build(folder: string): void {
  const shared = {
    absWorkingDir: folder,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    define: { 'process.env.STRATA_ROOT': JSON.stringify(folder) },
  } as const;
  buildSync({
    ...shared,
    entryPoints: [path.join(folder, 'index.ts')],
    outfile: path.join(folder, 'built', 'index.js'),
  });
  buildSync({
    ...shared,
    entryPoints: [path.join(folder, 'provider', 'index.ts')],
    outfile: path.join(folder, 'built', 'provider.js'),
  });
  const project = path.join(folder, 'Pulumi.yaml');
  writeFileSync(
    project,
    readFileSync(project, 'utf8').replace('engine/program.cjs', 'built/index.js'),
  );
  const provider = path.join(folder, 'provider', 'pulumi-resource-strata');
  writeFileSync(
    provider,
    `#!/bin/sh\nexec "${process.execPath}" "${folder}/built/provider.js" "$@"\n`,
  );
}

function preview(command: string, folder: string): Promise<number> {
  return timed(() => run(command, folder, ['preview', '-s', 'local']));
}

async function run(command: string, folder: string, args: readonly string[]): Promise<void> {
  const env = {
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: 'bench',
    PULUMI_SKIP_UPDATE_CHECK: 'true',
  };
  await promisify(execFile)(command, [...args, '--non-interactive'], {
    cwd: folder,
    env: engineEnvironment(command, env),
  });
}
