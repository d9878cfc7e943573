import type { Scene } from './scene';

/** Resource → what it generated and nobody may see. */
export type Secrets = ReadonlyMap<string, string>;

interface Exported {
  readonly deployment: {
    readonly resources: readonly {
      readonly urn: string;
      readonly type: string;
      readonly outputs?: Readonly<Record<string, unknown>>;
    }[];
  };
}

/** What the stack has generated so far. */
export async function secretsOf({ platform }: Scene): Promise<Secrets> {
  const { deployment } = JSON.parse(
    await platform.pulumi('stack', 'export', '--show-secrets'),
  ) as Exported;
  return new Map(
    deployment.resources.flatMap(({ urn, type, outputs = {} }) => {
      const value = type.endsWith(':RandomPassword') ? outputs.result : outputs.key;
      const name = urn.split('::').at(-1) ?? '';
      // The name of a key to the object store, which logs who comes; what proves it is another one.
      const isSecret = /:RandomPassword$|^strata:tls:/.test(type) && !name.endsWith('-key-id');
      return isSecret ? [[name, plain(value)] as const] : [];
    }),
  );
}

/** Names of the secrets that a text holds. */
export function secretsIn(secrets: Secrets, text: string): string[] {
  return [...secrets].filter(([, value]) => text.includes(value)).map(([name]) => name);
}

/** `--show-secrets` leaves the plain JSON of a secret in an envelope. */
function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.parse((value as { plaintext: string }).plaintext) as string;
}
