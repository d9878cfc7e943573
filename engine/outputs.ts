import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { backendFor } from './backend';
import { messageOf, UserError } from './errors';
import { saysWrongPassphrase, wrongPassphrase } from './passphrase';
import { findPulumi } from './pulumi/find';
import { engineEnvironment } from './pulumi/run';
import { root } from './root';
import type { Terminal } from './terminal';

const plain = z.object({
  tier: z.string(),
  target: z.string(),
  /** The Docker engine, where it is not the environment's own. */
  docker: z.object({ host: z.string().optional() }),
  endpoints: z.record(z.string(), z.string()),
  /** What the domain's DNS records have to lead to; empty where the target has nothing public of its own. */
  entrance: z.string(),
  /** PEM; empty where a public authority signed the gateway's certificate. */
  authority: z.string(),
  services: z.record(
    z.string(),
    z.object({ kind: z.string(), health: z.string().optional(), where: z.string() }),
  ),
});

const secret = plain.extend({
  databases: z.record(z.string(), z.string()),
  jwt: z.object({
    algorithm: z.literal('HS256'),
    key: z.string(),
    issuer: z.string(),
    audience: z.string(),
  }),
  tenantLogins: z.string(),
});

/** What a deployed stack tells scripts, without its secrets. */
export type Outputs = z.infer<typeof plain>;

/** The same with database URLs and the token key. */
export type SecretOutputs = z.infer<typeof secret>;

/** The stack was never deployed, or was destroyed. */
export class NotDeployed extends UserError {
  constructor(stack: string) {
    super(`Stack "${stack}" is not deployed. Deploy it: npm run up${stackOption(stack)}`);
  }
}

/** How a command is told which stack, when it has to be told. */
export function stackOption(stack: string): string {
  return stack === 'local' ? '' : ` -- --stack ${stack}`;
}

/** The outputs of a stack's last deployment. Throws `NotDeployed`, or `UserError` when they cannot be read. */
export async function readOutputs(stack: string, out: Terminal): Promise<Outputs> {
  return parseOutputs(stack, await readJson(stack, out, []), plain);
}

/** As `readOutputs`, with the secrets. */
export async function readSecretOutputs(stack: string, out: Terminal): Promise<SecretOutputs> {
  return parseOutputs(stack, await readJson(stack, out, ['--show-secrets']), secret);
}

/** What of a stack's outputs may be shown. */
export function withoutSecrets(outputs: SecretOutputs): Outputs {
  return plain.parse(outputs);
}

/** Outputs of another shape than this program's come from an older deployment or from one that did not finish. */
function parseOutputs<T>(stack: string, json: unknown, schema: z.ZodType<T>): T {
  if (typeof json !== 'object' || json === null || Object.keys(json).length === 0) {
    throw new NotDeployed(stack);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new UserError(
    `The last deployment of stack "${stack}" did not finish or is an older one (outputs that are missing or differ: ${missing}). ` +
      `Run: npm run up${stackOption(stack)}`,
  );
}

async function readJson(stack: string, out: Terminal, more: readonly string[]): Promise<unknown> {
  const backend = backendFor(stack, root);
  const { command } = await findPulumi(out);
  const args = ['stack', 'output', '--json', '--stack', stack, '--non-interactive', ...more];
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      cwd: root,
      env: engineEnvironment(command, backend.env),
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(stdout) as unknown;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    const said = stderr.trim() === '' ? messageOf(error) : stderr.trim();
    if (said.includes('no stack named')) throw new NotDeployed(stack);
    if (saysWrongPassphrase(said)) {
      throw wrongPassphrase(stack, backend.env.PULUMI_CONFIG_PASSPHRASE_FILE);
    }
    throw new UserError(`The outputs of stack "${stack}" cannot be read: ${said}`);
  }
}
