import { Route53 } from '@aws-sdk/client-route-53';
import { mkdirSync } from 'node:fs';
import { stringify } from 'yaml';
import { AwsStandIn, type Operations } from '../../support/aws/stand-in';
import { Moto, whyNoMoto } from '../../support/aws/moto';
import { lendAwsPlugins } from '../../support/aws/plugin';
import { whyNoEngine } from '../../support/engine';
import { follow } from '../../support/follow';
import { whyNoPlugins } from '../../support/lab';
import { endAll, kill } from '../../support/processes';
import { Workspace, type Ran } from '../../support/workspace';
import { labMoto } from './lab-plugin';

const stack = 'cloud';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
export const region = 'eu-central-1';

/** Why no stack can be deployed to the emulator here; `undefined` when one can. */
export async function whyNoStack(): Promise<string | undefined> {
  return whyNoMoto() ?? (await whyNoEngine()) ?? whyNoPlugins(['aws', 'random']);
}

interface Exported {
  readonly deployment: {
    readonly resources?: readonly StateResource[];
    readonly pending_operations?: readonly unknown[];
  };
}

/** A resource as the state has it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly protect?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** A stack of the real program, deployed by the real engine to moto; servers answer by a stand-in. */
export class CloudStack {
  readonly credentials = credentials;

  private constructor(
    readonly workspace: Workspace,
    readonly moto: Moto,
    private readonly api: AwsStandIn,
    readonly zone: string,
  ) {}

  static async create(servers: Operations): Promise<CloudStack> {
    const moto = await Moto.start(labMoto);
    const api = await AwsStandIn.start(servers, moto.endpoint);
    const route53 = new Route53({ region, credentials, endpoint: moto.endpoint });
    const { HostedZone } = await route53.createHostedZone({
      Name: 'example.org',
      CallerReference: 'test',
    });
    const zone = (HostedZone?.Id ?? '').replace('/hostedzone/', '');
    const workspace = await Workspace.create();
    lendAwsPlugins(workspace);
    mkdirSync(workspace.path('.backend'));
    return new CloudStack(workspace, moto, api, zone);
  }

  configure(config: Readonly<Record<string, unknown>>): void {
    this.workspace.write(
      `Pulumi.${stack}.yaml`,
      stringify({
        config: {
          'strata:target': 'aws',
          'strata:domain': 'example.org',
          'strata:tenancy': { tenants: { acme: { members: { ann: 'admin' } } } },
          'strata:aws': {
            region,
            dnsZone: this.zone,
            backup: { lock: { mode: 'governance', minDays: 7 } },
          },
          'strata:monitoring': {
            receivers: {
              team: { kind: 'mail', to: ['ops@example.org'] },
              pager: { kind: 'webhook', url: 'https://pager.example.org/' },
            },
            send: { critical: ['team', 'pager'], warning: ['team'] },
          },
          ...config,
        },
      }),
    );
  }

  run(command: string, ...args: readonly string[]): Promise<Ran> {
    const program = ['engine/load.cjs', 'engine/cli.ts', command, '--stack', stack, ...args];
    return this.workspace.execute(process.execPath, program, this.environment());
  }

  /**
   * Starts an `up` and interrupts it when AWS has done an operation whose parameters hold `about`, before anybody knows. With
   * SIGKILL everything is killed at once, as by a loss of power.
   */
  async interrupt(how: 'SIGINT' | 'SIGKILL', operation: string, about: RegExp) {
    const held = this.api.hold(
      (call) => call.operation === operation && about.test(JSON.stringify(call.input)),
    );
    const up = follow(this.workspace.launch(['up', '--stack', stack], this.environment()));
    const early = up.ended.then(({ text }) => {
      throw new Error(`up ended without ${operation} of ${String(about)}:\n${text}`);
    });
    await Promise.race([held.done, early]);
    early.catch(() => undefined);
    if (how === 'SIGKILL') await endAll(this.workspace.folder);
    else {
      kill(up.pid, how);
      await up.line(/Stopping/);
    }
    held.release();
    return up.ended;
  }

  async succeed(command: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, ...args);
    if (code === 0) return stdout;
    throw new Error(`${command} ended with ${String(code)}:\n${stdout}\n${stderr}`);
  }

  /** A command of Pulumi's own on the stack. */
  async pulumi(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.workspace.execute(
      process.execPath,
      ['engine/load.cjs', 'engine/cli.ts', 'pulumi', '--', ...args, '--stack', stack],
      this.environment(),
    );
    if (code === 0) return stdout;
    throw new Error(`pulumi ${args.join(' ')} ended with ${String(code)}:\n${stdout}\n${stderr}`);
  }

  /** What the state has, in which nothing may be half done; secrets can be read. */
  async resources(): Promise<readonly StateResource[]> {
    const { deployment } = JSON.parse(
      await this.pulumi('stack', 'export', '--show-secrets'),
    ) as Exported;
    const pending = deployment.pending_operations ?? [];
    if (pending.length > 0) throw new Error(`left pending: ${JSON.stringify(pending)}`);
    return deployment.resources ?? [];
  }

  async dispose(): Promise<void> {
    await this.api.stop();
    await this.moto.stop();
    await this.workspace.dispose();
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      PULUMI_BACKEND_URL: `file://${this.workspace.path('.backend')}`,
      PULUMI_CONFIG_PASSPHRASE: 'acceptance',
      AWS_ENDPOINT_URL: this.api.endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      PULUMI_LAB_AWS_RECORDS: this.workspace.path('.lab-records.json'),
    };
  }
}
