import { z } from 'zod';
import { isOnServers, places } from '../components/targets/aws/places';
import { autoScaling, loadBalancing, withAws } from '../provider/aws/api';
import { ask } from '../provider/aws/ask';
import { troubleNow } from '../provider/aws/targets';
import { parseUrn } from '../provider/host/urn';
import { UserError } from './errors';
import { managedHealth, type AwsResource } from './aws-managed-health';
import { healthOf, type ServiceHealth } from './health';
import type { Outputs } from './outputs';

/** A single server, as the resource that applies its release has it in the state. */
const release = z.object({
  region: z.string(),
  instanceId: z.string(),
  /** Its last word is the release's version. */
  command: z.array(z.string()).min(1),
});

/** Like servers, as the resource that rolls their release out has them. */
const rollout = z.object({
  region: z.string(),
  group: z.string(),
  launchTemplate: z.string(),
  version: z.number(),
  targetGroups: z.array(z.string()),
});

/** What `strata-release status` prints. */
const answer = z.object({
  applied: z.string().nullable(),
  services: z.record(z.string(), z.object({ well: z.boolean(), state: z.string() })),
});

type Answer = z.infer<typeof answer>;
type Release = z.infer<typeof release>;
type Services = Outputs['services'];

const askSeconds = 60;

/**
 * Asks every server of a stack on AWS: how its services are, and whether it runs the release that was deployed; the
 * balancer for those that it spreads requests over; and RDS and ElastiCache. A service that none of them answers for is not
 * healthy. Throws what is wrong for all of them, such as missing credentials.
 */
export async function awsHealth(
  services: Services,
  resources: readonly AwsResource[],
  signal = new AbortController().signal,
): Promise<ServiceHealth[]> {
  const told = await Promise.all([
    ...ofType(resources, 'strata:aws:Command').map(({ urn, inputs }) =>
      serverHealth(nameOf(urn, '-release'), release.parse(inputs), services, signal),
    ),
    ...ofType(resources, 'strata:aws:Rollout').map(({ urn, inputs }) =>
      groupHealth(nameOf(urn, '-rollout'), rollout.parse(inputs), services, signal),
    ),
    managedHealth(services, resources, signal),
  ]);
  const rows = told.flat();
  const silent = Object.entries(services).filter(([name]) =>
    rows.every((row) => row.name !== name),
  );
  return [
    ...rows,
    ...silent.map(([name, { kind, where }]) =>
      health(name, kind, where, 'nothing deployed runs it'),
    ),
  ];
}

async function serverHealth(
  name: string,
  given: Release,
  services: Services,
  signal: AbortSignal,
): Promise<ServiceHealth[]> {
  const { region, instanceId } = given;
  const where = `${places.servers(name, 1)} (${instanceId})`;
  const asked = {
    ...{ region, instanceId, line: 'strata-release status', timeoutSeconds: askSeconds },
    description: 'how its services are',
  };
  const said = await withAws({ signal }, () => answerOf(ask(asked, signal)));
  const reasonFor = (service: string, kind: string): string | undefined =>
    'problem' in said ? `its server is not asked: ${said.problem}` : unwell(said, service, kind);
  return [
    health(`server ${name}`, 'server', where, serverReason(given, said)),
    ...placedOn(services, name).map(([service, { kind }]) =>
      health(service, kind, where, reasonFor(service, kind)),
    ),
    ...('problem' in said ? [] : besides(said, services, name, where)),
  ];
}

/** Whom the balancer finds well answers; their services are not asked one by one. */
async function groupHealth(
  name: string,
  goal: z.infer<typeof rollout>,
  services: Services,
  signal: AbortSignal,
): Promise<ServiceHealth[]> {
  const reason = await withAws({ signal }, async () => {
    const [scaling, balancing] = await Promise.all([
      autoScaling(goal.region),
      loadBalancing(goal.region),
    ]);
    return troubleNow({ scaling, balancing }, goal, signal);
  });
  const where = `the servers "${name}", asked by the balancer`;
  return [
    health(`servers ${name}`, 'server', where, reason),
    ...placedOn(services, name).map(([service, { kind }]) => health(service, kind, where, reason)),
  ];
}

async function answerOf(text: Promise<string>): Promise<Answer | { readonly problem: string }> {
  try {
    return answer.parse(JSON.parse(await text));
  } catch (error) {
    if (error instanceof UserError) return { problem: error.message };
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    return { problem: 'its release cannot say how it is: deploy this one (npm run up)' };
  }
}

function serverReason(
  { command }: Release,
  said: Answer | { readonly problem: string },
): string | undefined {
  if ('problem' in said) return said.problem;
  const deployed = command.at(-1);
  if (said.applied === deployed) return undefined;
  const runs = said.applied === null ? 'nothing became healthy' : `release ${said.applied} runs`;
  return `${runs} on it, and ${String(deployed)} was deployed`;
}

function unwell({ services }: Answer, name: string, kind: string): string | undefined {
  const found = services[name];
  if (!found) return kind === 'job' ? undefined : 'it has no container';
  if (!found.well) return `its container is ${found.state}`;
  const runs = kind === 'job' || found.state.startsWith('running');
  return runs ? undefined : `its container is ${found.state}`;
}

/** What stands on a server for the platform itself, such as links to others: named only when it is not well. */
function besides(said: Answer, services: Services, server: string, where: string): ServiceHealth[] {
  const own = placedOn(services, server).map(([name]) => name);
  return Object.entries(said.services)
    .filter(([name, { well }]) => !well && !own.includes(name))
    .map(([name, { state }]) =>
      health(`${name} on ${server}`, 'link', where, `its container is ${state}`),
    );
}

/** The program says in words where it placed a service. */
function placedOn(services: Services, server: string): [string, Services[string]][] {
  return Object.entries(services).filter(([, { where }]) => isOnServers(where, server));
}

function health(name: string, kind: string, where: string, reason?: string): ServiceHealth {
  return healthOf({ name, kind, where }, { reason });
}

function ofType(resources: readonly AwsResource[], type: string): AwsResource[] {
  return resources.filter((resource) => resource.type === type);
}

function nameOf(urn: string, suffix: string): string {
  return parseUrn(urn).name.replace(suffix, '');
}
