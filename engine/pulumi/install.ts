import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hold, type Hold } from '../held';
import { identify } from '../processes';
import type { Terminal } from '../terminal';

/**
 * Fills `folder` by `fill`, which is given an empty folder beside it: what is unfinished is never seen as installed.
 *
 * Of several processes one fills and the others wait for it; what a killed one left is removed by the next.
 */
export async function install(
  folder: string,
  out: Terminal,
  fill: (into: string) => Promise<void>,
): Promise<void> {
  mkdirSync(path.dirname(folder), { recursive: true });
  const held = await take(`${folder}.lock`, out);
  try {
    // Whoever held it before us may have finished the work.
    if (held.waited && readdirSync(path.dirname(folder)).includes(path.basename(folder))) return;
    removeLeftovers(folder);
    const into = `${folder}.unfinished-${String(process.pid)}`;
    mkdirSync(into, { recursive: true });
    try {
      await fill(into);
      rmSync(folder, { recursive: true, force: true });
      renameSync(into, folder);
    } finally {
      rmSync(into, { recursive: true, force: true });
    }
  } finally {
    held.release();
  }
}

async function take(file: string, out: Terminal): Promise<Hold & { waited: boolean }> {
  for (let waited = false; ; waited = true) {
    const held = hold(file, 'installs the Pulumi CLI');
    if ('release' in held) return { ...held, waited };
    if (!waited) out.note(`Process ${String(held.pid)} ${held.purpose} already: waiting for it.`);
    await sleep(500);
  }
}

function removeLeftovers(folder: string): void {
  const prefix = `${path.basename(folder)}.unfinished-`;
  for (const name of readdirSync(path.dirname(folder)).filter((entry) =>
    entry.startsWith(prefix),
  )) {
    if (identify(Number(name.slice(prefix.length))) === undefined) {
      rmSync(path.join(path.dirname(folder), name), { recursive: true, force: true });
    }
  }
}
