import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Workspace } from './workspace';

/** Every secret of the stack, by name: its credentials, and the passphrase that opens them. */
export async function secretsOf(workspace: Workspace): Promise<Record<string, string>> {
  const text = await workspace.succeed('pulumi', '--', 'stack', 'export', '--show-secrets');
  const { deployment } = JSON.parse(text) as {
    deployment: { resources: { type: string; urn: string; outputs: { result?: unknown } }[] };
  };
  const credentials = deployment.resources
    .filter(({ type }) => type === 'strata:secrets:Password')
    .map(({ urn, outputs }) => {
      const { result } = outputs;
      // A secret in an export is its JSON text; a plain one is what is looked for.
      const text = (result as { plaintext?: string }).plaintext ?? JSON.stringify(result);
      return [urn.split('::').at(-1) ?? '', JSON.parse(text) as string] as const;
    });
  return {
    ...Object.fromEntries(credentials),
    passphrase: workspace.read('.strata/passphrase').trim(),
  };
}

/** Which secret stands in which of the texts. */
export function leaksIn(
  secrets: Readonly<Record<string, string>>,
  texts: Iterable<readonly [where: string, text: string | Buffer]>,
): string[] {
  return [...texts].flatMap(([where, text]) =>
    Object.entries(secrets).flatMap(([name, secret]) =>
      text.includes(secret) ? [`${name} in ${where}`] : [],
    ),
  );
}

/** Every file below a folder with its content; links are not followed, and what a server has just removed is passed over. */
export function filesBelow(folder: string): [file: string, content: Buffer][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry): [string, Buffer][] => {
      const file = path.join(entry.parentPath, entry.name);
      try {
        return [[file, readFileSync(file)]];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    });
}
