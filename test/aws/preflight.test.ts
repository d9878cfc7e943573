import {
  AllocateAddressCommand,
  CreateTagsCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { RequestCertificateCommand, ACMClient } from '@aws-sdk/client-acm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Finding } from '../../engine/preflight/check';
import { certificate } from '../../engine/preflight/checks/certificate';
import { dnsZone } from '../../engine/preflight/checks/domain';
import { identity } from '../../engine/preflight/checks/identity';
import { instanceTypes } from '../../engine/preflight/checks/instance-types';
import { managed } from '../../engine/preflight/checks/managed';
import { quotas } from '../../engine/preflight/checks/quotas';
import { zones } from '../../engine/preflight/checks/zones';
import { awsClients, type Clients } from '../../engine/preflight/clients';
import { Moto, whyNoMoto } from '../support/aws/moto';
import { servers, subject } from '../support/preflight';

const region = 'eu-central-1';
const domain = 'preflight.example';

describe.skipIf(whyNoMoto())('preflight with AWS’s own clients (moto)', () => {
  let moto: Moto;
  let clients: Clients;
  /** What the world is told: DNS is no part of moto. */
  let nameServers: string[] = [];

  beforeAll(async () => {
    moto = await Moto.start();
    vi.stubEnv('AWS_ENDPOINT_URL', moto.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    clients = {
      ...awsClients(region),
      nameServers: () => Promise.resolve(nameServers),
      version: () => Promise.resolve('1.0'),
    };
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await moto.stop();
  });

  const said = (findings: readonly Finding[]) =>
    findings.map(({ level, says }) => `${level}: ${says}`);

  test('credentials are those of an account', async () => {
    const [found] = await identity.run(subject(), clients);
    expect(found).toMatchObject({ level: 'ok' });
    expect(found?.says).toContain('account 123456789012');
  });

  test('zones of the region are found, others are refused with those that there are', async () => {
    expect(said(await zones.run(subject(), clients))).toEqual([
      'ok: eu-central-1a and eu-central-1b',
    ]);
    const wrong = subject({ zones: ['eu-central-1a', 'eu-central-1z'] });
    expect(said(await zones.run(wrong, clients))[0]).toMatch(
      /^error: eu-central-1z take no servers .* eu-central-1a, eu-central-1b/,
    );
  });

  test('instance types are known with zones, architecture and memory', async () => {
    const wanted = (instanceType: string, memory = 1024) =>
      instanceTypes.run(subject({ servers: [servers({ instanceType, memory })] }), clients);
    expect(said(await wanted('m7i.large'))).toEqual(['ok: server: m7i.large']);
    expect(said(await wanted('m7g.large'))[0]).toMatch(/^error: .* is for arm64/);
    expect(said(await wanted('m9z.large'))[0]).toMatch(/^error: m9z.large .* nor in any other/);
    expect(said(await wanted('t3.micro', 4096))[1]).toMatch(/^warning: .* t3.micro has 1024/);
  });

  test('what is in use counts to quotas, but for what the stack has itself', async () => {
    const ec2 = new EC2Client({ region });
    const find = async () => said(await quotas.run(subject(), clients));
    const before = await find();
    expect(before[1]).toMatch(/Elastic IP addresses: 1 needed and 0 in use/);
    expect(before[2]).toMatch(/^ok: networks \(VPCs\): 1 needed and 1 in use, of 5/);

    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        ImageId: 'ami-12345678',
        InstanceType: 'm5.large',
        MinCount: 1,
        MaxCount: 1,
        CpuOptions: { CoreCount: 1, ThreadsPerCore: 2 },
      }),
    );
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
    expect((await find())[1]).toMatch(/1 needed and 1 in use/);

    const Tags = Object.entries(subject().tags).map(([Key, Value]) => ({ Key, Value }));
    const Resources = [Instances[0]?.InstanceId ?? '', AllocationId ?? ''];
    await ec2.send(new CreateTagsCommand({ Resources, Tags }));
    expect((await find())[1]).toMatch(/1 needed and 0 in use/);
  });

  test('instances of RDS and nodes of ElastiCache count likewise, and what is not to be had is refused', async () => {
    const tags = Object.entries(subject().tags).map(([Key, Value]) => ({ Key, Value }));
    const rds = { instanceClass: 'db.r7g.large', version: '18', multiAz: true, instances: 2 };
    const elasticache = { id: 'strata-prod-queue-1', nodeType: 'cache.m7g.large', nodes: 2 };
    for (const [name, Tags] of [['ours', tags] as const, ['theirs', []] as const]) {
      moto.call('rds', 'create_db_instance', {
        ...{
          DBInstanceIdentifier: name,
          DBInstanceClass: 'db.r7g.large',
          Engine: 'postgres',
          Tags,
        },
      });
    }
    const found = said(await quotas.run(subject({ rds, elasticache }), clients));
    expect(found.slice(3)).toEqual([
      expect.stringMatching(/^warning: instances of RDS: 2 needed and 1 in use; AWS does not say/),
      expect.stringMatching(/^warning: nodes of ElastiCache: 2 needed and 0 in use; AWS does not/),
    ]);
    // moto offers no class to anybody.
    expect(said(await managed.run(subject({ rds }), clients))).toEqual([
      'error: RDS has db.r7g.large with Postgres 18 in no zone of region eu-central-1, and in none of eu-central-1a, eu-central-1b',
    ]);
  });

  test('a hosted zone holds the domain once the world asks its name servers', async () => {
    const route53 = new Route53Client({ region });
    const { HostedZone, DelegationSet } = await route53.send(
      new CreateHostedZoneCommand({ Name: domain, CallerReference: 'one' }),
    );
    const id = HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
    const find = async (what: Parameters<typeof subject>[0]) =>
      said(await dnsZone.run(subject({ dnsZone: id, domain, ...what }), clients))[0];

    expect(await find({})).toMatch(/^error: the world asks nobody about preflight.example/);
    nameServers = DelegationSet?.NameServers ?? [];
    expect(await find({})).toBe('ok: preflight.example in zone preflight.example');
    expect(await find({ domain: 'elsewhere.example' })).toMatch(/^error: zone .* is that of/);
    expect(await find({ dnsZone: 'ZNOTTHERE' })).toMatch(/^error: the account has no hosted zone/);
  });

  test('a certificate is looked at by its ARN', async () => {
    const acm = new ACMClient({ region });
    const { CertificateArn = '' } = await acm.send(
      new RequestCertificateCommand({
        DomainName: domain,
        SubjectAlternativeNames: [`*.${domain}`],
        ValidationMethod: 'DNS',
      }),
    );
    const found = await certificate.run(subject({ certificate: CertificateArn, domain }), clients);
    // Whether moto has issued it already is a matter of time; that it is read is what counts.
    expect(said(found)[0]).toMatch(/^(?:ok: issued for|error: it is PENDING_VALIDATION)/);
  });
});
