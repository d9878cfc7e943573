import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { stackName } from './naming';

export interface PublicAddressArgs {
  /** Id of the server that has the gateway. */
  readonly instance: pulumi.Input<string>;
}

/**
 * The entrance of a single server: a public address that stays when the server is another.
 *
 * **Cost**: by the hour.
 *
 * @example new PublicAddress('entrance', { instance: server.id }, { parent })
 */
export class PublicAddress extends pulumi.ComponentResource {
  readonly address: pulumi.Output<string>;

  constructor(
    name: string,
    { instance }: PublicAddressArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('strata:aws:PublicAddress', name, {}, opts);
    const args = { domain: 'vpc', instance, tags: { Name: stackName('entrance', 128) } };
    this.address = new aws.ec2.Eip(name, args, { parent: this }).publicIp;
    this.registerOutputs({ address: this.address });
  }
}
