import type { Clients } from '../../engine/preflight/clients';
import type { Subject, WantedServers } from '../../engine/preflight/subject';

/** An error as AWS's clients throw it. */
export function awsError(name: string, message = name): Error {
  return Object.assign(new Error(message), { name });
}

type Answer = object | Error | ((input: Record<string, unknown>) => object);

/**
 * Stand-ins for AWS's clients: each command, by its name, gets the answer that is given for it. One that nobody
 * expects is an error.
 */
export function standIns(
  answers: Readonly<Record<string, Answer>>,
  more: Partial<Clients> = {},
): Clients {
  const send = (command: { constructor: { name: string }; input: Record<string, unknown> }) => {
    const answer = answers[command.constructor.name];
    if (answer === undefined) throw new Error(`nobody expects ${command.constructor.name}`);
    if (answer instanceof Error) throw answer;
    return Promise.resolve(typeof answer === 'function' ? answer(command.input) : answer);
  };
  const client = { send } as never;
  return {
    sts: client,
    ec2: client,
    quotas: client,
    ssm: client,
    route53: client,
    acm: client,
    rds: client,
    elasticache: client,
    nameServers: () => Promise.resolve(['ns-1.example.net.']),
    version: () => Promise.resolve('1.0'),
    ...more,
  };
}

/** A tier of one server, unless said otherwise. */
export function subject(given: Partial<Subject> = {}): Subject {
  return {
    tags: { project: 'strata', stack: 'prod' },
    region: 'eu-central-1',
    zones: ['eu-central-1a', 'eu-central-1b'],
    servers: [servers()],
    addresses: 1,
    domain: 'example.org',
    ...given,
  };
}

export function servers(given: Partial<WantedServers> = {}): WantedServers {
  return {
    group: 'server',
    instanceType: 'm7i.large',
    count: 1,
    replacedSideBySide: false,
    zones: ['eu-central-1a'],
    memory: 4096,
    ...given,
  };
}
