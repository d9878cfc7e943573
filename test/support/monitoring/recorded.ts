import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../engine/root';

/*
 * Names of the figures that each exporter was seen to give, one a line. `STRATA_RECORD=1` and the live test of monitoring
 * write those of the exporters that it runs.
 */

const folder = path.join(root, 'test/support/monitoring/metrics');

function fileOf(exporter: string): string {
  return path.join(folder, `${exporter}.txt`);
}

/** What an exporter was seen to give; lines that begin with # say where and when. */
export function recorded(exporter: string): string[] {
  return readFileSync(fileOf(exporter), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** The names in an exporter's answer: those of its series, so that a histogram has all of its three. */
export function namesIn(text: string): string[] {
  const names = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .flatMap((line) => /^[a-zA-Z_:][\w:]*/.exec(line)?.[0] ?? []);
  return [...new Set(names)].sort();
}

/** Writes what an exporter gives now, below the comment that was there. */
export function record(exporter: string, text: string): void {
  const before = existsSync(fileOf(exporter)) ? readFileSync(fileOf(exporter), 'utf8') : '';
  const comments = before.split('\n').filter((line) => line.startsWith('#'));
  const names = namesIn(text).filter((name) => !/^(go|promhttp|pg_settings)_/.test(name));
  writeFileSync(fileOf(exporter), `${[...comments, ...names].join('\n')}\n`);
}
