import { Route53 } from '@aws-sdk/client-route-53';
import { mkdirSync } from 'node:fs';
import { stringify } from 'yaml';
import { AwsStandIn, type Operations } from '../../support/aws/stand-in';
import { Moto, whyNoMoto } from '../../support/aws/moto';
import { lendAwsPlugins } from '../../support/aws/plugin';
import { whyNoEngine } from '../../support/engine';
import { whyNoPlugins } from '../../support/lab';
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
  readonly deployment: { readonly resources: readonly StateResource[] };
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
          'strata:aws': { region, dnsZone: this.zone },
          ...config,
        },
      }),
    );
  }

  run(command: string, ...args: readonly string[]): Promise<Ran> {
    const program = ['engine/load.cjs', 'engine/cli.ts', command, '--stack', stack, ...args];
    return this.workspace.execute(process.execPath, program, this.environment());
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

  async resources(): Promise<readonly StateResource[]> {
    const state = JSON.parse(await this.pulumi('stack', 'export')) as Exported;
    return state.deployment.resources;
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
