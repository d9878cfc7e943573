import { z } from 'zod';
import { names } from '../../components/data/names';
import { databaseText } from '../../components/data/urls';
import { inside, loopback } from '../../components/targets/addresses';
import { databasePort, managedDatabasePort } from '../../components/targets/aws/constants';
import { databaseAuthorities } from '../../components/targets/aws/database-authorities';
import { maintenanceDatabase } from '../../provider/database-move/ends';
import { UserError } from '../errors';
import { stackOption } from '../outputs';

/** A server of a stack, as its admin gets there. */
export interface StackEnd {
  /** With a way through Systems Manager; secret. Asks for a certificate of `authority` (PEM) for the host's own name. */
  readonly url: string;
  readonly authority: string;
}

const resource = z.object({
  urn: z.string(),
  type: z.string(),
  /** True of what another has taken the place of. */
  delete: z.boolean().default(false),
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.unknown()).default({}),
});

type Resource = z.infer<typeof resource>;

const state = z.object({ resources: z.array(resource).default([]) });

/** A secret as `pulumi stack export --show-secrets` writes it. */
const opened = z
  .object({ plaintext: z.string().transform((json) => JSON.parse(json) as unknown) })
  .transform(({ plaintext }) => plaintext);

/** What is in none of these has no place in a command, a URL or a certificate's name. */
const password = z.union([z.string(), opened.pipe(z.string())]).pipe(z.string().min(1));
const attachment = z.object({
  instanceId: z.string().regex(/^i-[0-9a-f]{8,17}$/),
  /** Of a volume that its server uses; one that the platform has left is taken from a server that runs. */
  stopInstanceBeforeDetaching: z.literal(true),
});
const instance = z.object({
  address: z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/),
  arn: z.string().regex(/^arn:aws[a-z-]*:rds:[a-z]{2}(?:-[a-z]+)+-\d:/),
});
const authority = z.object({ certificate: z.string().startsWith('-----BEGIN CERTIFICATE-----') });
const generated = z.object({ result: password });
const given = z.object({ password });

/** Of what a move goes from and to. */
const [volume, database] = [names.volume('database', 1), names.volume('database', 2)];

/**
 * The two servers of a stack whose database is to move from a server of its own to RDS, as its state (`deployment` of
 * `pulumi stack export`) tells: Postgres on the server that has the volume, and the instance beside. Changes nothing.
 * Throws all that is missing at once, and never what stands in the state.
 */
export function endsInState(
  stack: string,
  deployment: unknown,
  authorities = databaseAuthorities,
): { readonly source: StackEnd; readonly target: StackEnd } {
  const resources = state.parse(deployment ?? {}).resources.filter((each) => !each.delete);
  if (!resources.some(({ type }) => type.startsWith('aws:'))) {
    throw new UserError(
      `Stack "${stack}" has nothing on AWS: name both servers (--from, --to), or deploy it there (npm run up${stackOption(stack)}).`,
    );
  }
  const find = <T>(type: string, name: string, shape: z.ZodType<T>, of: 'inputs' | 'outputs') =>
    shape.safeParse(named(resources, type, name)?.[of]).data;
  const server = find('aws:ec2/volumeAttachment:VolumeAttachment', volume, attachment, 'inputs');
  const admin = find(
    'random:index/randomPassword:RandomPassword',
    names.databaseAdmin,
    generated,
    'outputs',
  );
  const own = find('strata:tls:Authority', names.authority, authority, 'outputs');
  const rds = 'aws:rds/instance:Instance';
  const managed = find(rds, database, instance, 'outputs');
  const managedAdmin = find(rds, database, given, 'inputs');
  const [, , , region = ''] = managed?.arn.split(':') ?? [];
  const trusted = authorities(region);
  if (!server || !admin || !own || !managed || !managedAdmin || trusted === '') {
    throw missing(stack, [
      !server &&
        `no server uses the volume ${volume}: Postgres stands on none, or the platform has moved already (strata:aws.databaseMove: moved)`,
      !admin && `the password ${names.databaseAdmin} is not there, or cannot be opened`,
      !own && 'the authority of the certificates of its servers is not there',
      !managed &&
        `there is no RDS instance ${database}: strata:aws.database: rds with strata:aws.databaseMove: copying makes it`,
      managed &&
        !managedAdmin &&
        `the admin’s password of ${database} is not there, or cannot be opened`,
      managed && trusted === '' && `nobody has told us who signs certificates of RDS in ${region}`,
    ]);
  }
  const reach = `ssm://${server.instanceId}?region=${region}`;
  const parameters = { sslmode: 'verify-full', reach };
  return {
    source: {
      url: urlOf(
        {
          host: inside.host,
          port: databasePort,
          parameters: { ...parameters, hostaddr: loopback },
        },
        admin.result,
      ),
      authority: own.certificate,
    },
    target: {
      url: urlOf(
        { host: managed.address, port: managedDatabasePort, parameters },
        managedAdmin.password,
      ),
      authority: trusted,
    },
  };
}

function named(resources: readonly Resource[], type: string, name: string): Resource | undefined {
  return resources.find((each) => each.type === type && each.urn.endsWith(`::${name}`));
}

function urlOf(address: Parameters<typeof databaseText>[0], secret: string): string {
  return databaseText(address, 'postgres', encodeURIComponent(secret), maintenanceDatabase);
}

function missing(stack: string, problems: readonly (string | false | undefined)[]): UserError {
  const told = problems.filter((problem) => problem !== false && problem !== undefined);
  return new UserError(
    `Stack "${stack}" has not both servers of a move:\n${told.map((problem) => `  - ${problem}`).join('\n')}`,
  );
}
