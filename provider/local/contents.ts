import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { root } from '../../engine/root';
import { makeFolder } from './folders';
import type { Program } from './supervisor';

/** What a process and a job have in common: what runs, where, with which settings, secrets and files. */
export interface ProgramInputs {
  /** The program and its arguments; `node` is the Node that runs Strata. `{files}` stands for the folder of `files`. */
  command: string[];
  /** Below the project's folder, or absolute. */
  workdir: string;
  /** `{files}` stands for the folder of `files`. */
  environment: Record<string, string>;
  /** Secrets by variable: written to a file of mode 0600 whose path the process gets as `<VARIABLE>_FILE`. */
  secrets: Record<string, string>;
  /** Contents by relative file name. */
  files: Record<string, string>;
}

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of letters, digits and _');
const relative = z
  .string()
  .refine(
    (name) => !path.isAbsolute(name) && !path.normalize(name).startsWith('..'),
    'must stay below the folder',
  );

export const programInputs = {
  command: z.array(z.string()).min(1),
  workdir: z.string(),
  environment: z.record(variable, z.string()),
  secrets: z.record(variable, z.string()),
  files: z.record(relative, z.string()),
};

/** Writes a program's secrets and files into its run folder, in place of those of an earlier start. */
export function writeContents(folder: string, inputs: ProgramInputs): Program {
  const files = path.join(folder, 'files');
  const secrets = path.join(folder, 'secrets');
  removeContents(folder);
  makeFolder(folder, 0o700);
  makeFolder(files, 0o700);
  makeFolder(secrets, 0o700);
  for (const [name, content] of Object.entries(inputs.files)) {
    makeFolder(path.dirname(path.join(files, name)), 0o700);
    writeFileSync(path.join(files, name), content, { mode: 0o600 });
  }
  for (const [name, content] of Object.entries(inputs.secrets)) {
    writeFileSync(path.join(secrets, name), content, { mode: 0o600 });
  }
  const placed = (text: string) => text.replaceAll('{files}', files);
  const environment = Object.entries(inputs.environment).map(([name, value]) => [
    name,
    placed(value),
  ]);
  const secretFiles = Object.keys(inputs.secrets).map((name) => [
    `${name}_FILE`,
    path.join(secrets, name),
  ]);
  return {
    command: inputs.command.map(placed),
    workdir: path.resolve(root, inputs.workdir),
    environment: Object.fromEntries([...environment, ...secretFiles]) as Record<string, string>,
  };
}

/** Removes the secrets and files of a program that does not run any more. */
export function removeContents(folder: string): void {
  for (const name of ['files', 'secrets'])
    rmSync(path.join(folder, name), { recursive: true, force: true });
}
