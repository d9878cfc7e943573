import { UserError } from './errors';
import { readSecretOutputs, stackOption, type SecretOutputs } from './outputs';
import type { Terminal } from './terminal';

/** How a database login connects. Throws `UserError` for a stack that has no such login. */
export function loginUrl(stack: string, { databases }: SecretOutputs, login: string): string {
  const url = databases[login];
  if (url !== undefined) return url;
  throw new UserError(
    `Stack "${stack}" has no database login ${login}: npm run up${stackOption(stack)}`,
  );
}

/** How commands that change the registry connect. Throws as `loginUrl`. */
export function migratorUrl(stack: string, outputs: SecretOutputs): string {
  return loginUrl(stack, outputs, 'strata_migrator');
}

/** The same, for commands that need nothing else of the outputs. Throws as `readOutputs`, too. */
export async function readMigratorUrl(stack: string, out: Terminal): Promise<string> {
  return migratorUrl(stack, await readSecretOutputs(stack, out));
}
