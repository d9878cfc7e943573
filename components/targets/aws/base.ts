import * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';
import { names } from '../../data/names';
import type { Settings } from '../../settings/schema';
import type { Account } from './account';
import { Key } from './key';
import { providerArgs, tags } from './provider-args';
import { Vault } from './vault';

/** What everything on AWS is made with. */
export interface Base {
  readonly settings: Settings;
  readonly provider: aws.Provider;
  readonly account: Account;
  /** ARN of the key of everything that is kept. */
  readonly key: pulumi.Output<string>;
  /** For what is kept: below the platform, apart from tiers and servers. */
  readonly kept: pulumi.ComponentResourceOptions;
  /** Where backups of volumes are kept. */
  readonly vault: Vault;
  /** What AWS's own services make is tagged with. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Makes it below `parent`: the key lives as long as what it opens. */
export function baseOf(
  settings: Settings,
  { parent }: Pick<pulumi.CustomResourceOptions, 'parent'>,
): Base {
  const { region, tags: more, backup, permissionsBoundary: boundary } = settings.aws;
  const told = { tier: settings.tier, more };
  const provider = new aws.Provider('aws', providerArgs(region as aws.Region, told), { parent });
  const { accountId } = aws.getCallerIdentityOutput({}, { provider, parent });
  const account = { id: accountId, region, ...(boundary !== undefined && { boundary }) };
  const kept = { ...(parent && { parent }), providers: [provider] };
  const { arn: key } = new Key(names.encryptionKey, { account }, kept);
  const vault = new Vault(names.vault, { key, ...(backup.lock && { lock: backup.lock }) }, kept);
  return { settings, provider, account, key, kept, vault, tags: tags(told) };
}
