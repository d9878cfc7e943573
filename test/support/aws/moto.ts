import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { root } from '../../../engine/root';
import { freePort } from '../ports';
import { until } from '../until';

/** A Python that has moto, and boto3 with it. */
export const python = process.env.MOTO_PYTHON ?? 'python3';

/** Starts moto as the lab does, with further faults mended. */
const mended = path.join(root, 'test/support/aws/mended_moto.py');

/** Calls one operation of AWS; a `Body` that begins with `@` is a file. */
const caller = `
import boto3, json, sys
service, operation, given = sys.argv[1], sys.argv[2], json.load(sys.stdin)
if str(given.get("Body", "")).startswith("@"):
    given["Body"] = open(given["Body"][1:], "rb")
print(json.dumps(getattr(boto3.client(service), operation)(**given), default=str))
`;

/** Why tests with moto cannot run here, printed once; `undefined` when they can. */
export function whyNoMoto(): string | undefined {
  if (spawnSync(python, ['-c', 'import moto.server']).status === 0) return undefined;
  const reason = `${python} has no moto[server] (MOTO_PYTHON names another Python)`;
  process.stderr.write(`Tests with an emulator of AWS are skipped: ${reason}\n`);
  return reason;
}

/** moto, an emulator of AWS, on a port of its own and empty. */
export class Moto {
  private constructor(
    private readonly child: ChildProcess,
    readonly endpoint: string,
    private readonly said: readonly string[],
  ) {}

  /** `lab` is the lab's program that starts it. */
  static async start(lab?: string): Promise<Moto> {
    const port = String(await freePort());
    const how = lab === undefined ? ['-m', 'moto.server'] : [mended, lab];
    const words = [...how, '-H', '127.0.0.1', '-p', port];
    const child = spawn(python, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    const said: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const endpoint = `http://127.0.0.1:${port}`;
    await until(async () => (await fetch(`${endpoint}/moto-api/`)).ok);
    return new Moto(child, endpoint, said);
  }

  /** By which programs find it, and need no account. */
  get environment(): NodeJS.ProcessEnv {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
  }

  call(service: string, operation: string, given: object): Record<string, string> {
    const said = execFileSync(python, ['-c', caller, service, operation], {
      input: JSON.stringify(given),
      encoding: 'utf8',
      env: { ...process.env, ...this.environment },
    });
    return JSON.parse(said) as Record<string, string>;
  }

  /** Forgets everything. */
  async reset(): Promise<void> {
    await fetch(`${this.endpoint}/moto-api/reset`, { method: 'POST' });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill();
    await ended;
    // A fault of the emulator's own, which its clients see as a page of HTML.
    const [, ...faults] = this.said.join('').split(/^(?=Traceback)/m);
    for (const fault of faults) process.stderr.write(`moto: ${fault.slice(0, 3_000)}\n`);
  }
}
