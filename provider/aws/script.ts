import { createHash } from 'node:crypto';

/** Systems Manager keeps the first 24,000 characters of an output; what went wrong stands in the last ones. */
const keptBytes = 20_000;

/** What runs, and why it runs again. */
interface Task {
  readonly command: readonly string[];
  readonly triggers: Readonly<Record<string, string>>;
}

/** A command as Systems Manager is given it: lines of a shell script. */
export type Script = readonly string[];

/**
 * The script that runs a command for the resource `urn`. It says whose it is and for which triggers, so that one that
 * still runs is known again. The whole output goes to the server's journal as well (`journalctl -t strata`).
 */
export function scriptFor({ command, triggers }: Task, urn: string): Script {
  return [
    '#!/bin/bash',
    `${ownerLine(urn)} ${digest(JSON.stringify(Object.entries(triggers).sort()))}`,
    'set -o pipefail',
    `${command.map(quoted).join(' ')} 2>&1 | tee >(logger --tag strata) | tail --bytes=${keptBytes}`,
  ];
}

/** Whether a script was made for the resource `urn`, whatever it does. */
export function isOf(script: Script, urn: string): boolean {
  return script[1]?.startsWith(`${ownerLine(urn)} `) ?? false;
}

function ownerLine(urn: string): string {
  return `# strata ${digest(urn)}`;
}

/** One word of a shell, whatever is in it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
