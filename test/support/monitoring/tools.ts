import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FileContent } from '../../../components/services/service';

/** What a checker said. */
export interface Said {
  readonly status: number | null;
  readonly text: string;
}

/** Whether a program is there; prints what is skipped without it. */
export function available(program: string, apt: string): boolean {
  const { error } = spawnSync(program, ['--version']);
  if (error) console.log(`skipped what needs ${program}: it is not installed (apt package ${apt})`);
  return error === undefined;
}

/** Runs a checker in a folder that holds `files`, and removes the folder. */
export function check(
  program: string,
  args: readonly string[],
  files: Readonly<Record<string, string>>,
): Said {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-monitoring-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
    return { status, text: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file with its secrets put in, as a target does. */
export function filled(content: FileContent | undefined, values: Record<string, string>): string {
  if (content === undefined) throw new Error('there is no such file');
  if (typeof content === 'string') return content;
  return Object.keys(content.secrets).reduce(
    (text, name) => text.replaceAll(`{{${name}}}`, () => values[name] ?? `value-of-${name}`),
    content.template,
  );
}
