import { ACMClient } from '@aws-sdk/client-acm';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElastiCacheClient } from '@aws-sdk/client-elasticache';
import { RDSClient } from '@aws-sdk/client-rds';
import { Route53Client } from '@aws-sdk/client-route-53';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';

/** Who is asked; all of them only read. */
export interface Clients {
  readonly sts: Pick<STSClient, 'send'>;
  readonly ec2: Pick<EC2Client, 'send'>;
  readonly quotas: Pick<ServiceQuotasClient, 'send'>;
  readonly ssm: Pick<SSMClient, 'send'>;
  readonly route53: Pick<Route53Client, 'send'>;
  readonly acm: Pick<ACMClient, 'send'>;
  readonly rds: Pick<RDSClient, 'send'>;
  readonly elasticache: Pick<ElastiCacheClient, 'send'>;
  /** The name servers that the world is told for a domain. */
  readonly nameServers: (domain: string) => Promise<string[]>;
  /** What a program of this machine says to `--version`; `undefined` when there is none. */
  readonly version: (program: string) => Promise<string | undefined>;
}

/** The clients of AWS in a region, with the credentials of the environment. */
export function awsClients(region: string): Omit<Clients, 'nameServers' | 'version'> {
  const options = { region };
  return {
    sts: new STSClient(options),
    ec2: new EC2Client(options),
    quotas: new ServiceQuotasClient(options),
    ssm: new SSMClient(options),
    route53: new Route53Client(options),
    acm: new ACMClient(options),
    rds: new RDSClient(options),
    elasticache: new ElastiCacheClient(options),
  };
}
