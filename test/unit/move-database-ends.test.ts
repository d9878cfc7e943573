import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { awake } from '../../engine/move-database/awake';
import { endsInState } from '../../engine/move-database/stack-ends';
import { movingState } from '../support/moving-state';

const certificate = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----';
const given = { certificate, source: 'of-the-server', target: 'of-rds' };

/** A state whose resource of a type, and where several have it of a name, is another. */
function changed(
  type: string,
  change: (resource: ReturnType<typeof movingState>['resources'][number]) => object | undefined,
): object {
  const { resources } = movingState(given);
  return {
    resources: resources.flatMap((resource) =>
      resource.type.endsWith(`:${type}`) ? (change(resource) ?? []) : resource,
    ),
  };
}

test('both servers are found in the state of a stack, behind the server that has the volume', () => {
  const { source, target } = endsInState('prod', movingState(given));
  const [from, to] = [new URL(source.url), new URL(target.url)];
  const reach = 'ssm://i-0123456789abcdef0?region=eu-central-1';
  expect([from.username, from.password, from.host, from.pathname]).toEqual([
    ...['postgres', 'of-the-server', 'database:25432', '/postgres'],
  ]);
  expect(Object.fromEntries(from.searchParams)).toEqual({
    ...{ sslmode: 'verify-full', reach, hostaddr: '127.0.0.1' },
  });
  expect([to.username, to.password, to.host, to.pathname]).toEqual([
    ...['postgres', 'of-rds', 'database-2.test.eu-central-1.rds.amazonaws.com:5432', '/postgres'],
  ]);
  expect(Object.fromEntries(to.searchParams)).toEqual({ sslmode: 'verify-full', reach });
  expect(source.authority).toBe(certificate);
  // Three kinds of keys, of the region's own authorities and of nobody else's.
  expect(target.authority.match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
});

test.each([
  ['none', undefined, 'Stack "prod" has nothing on AWS'],
  ['empty', {}, 'Stack "prod" has nothing on AWS'],
  ['on another target', { resources: [] }, 'Stack "prod" has nothing on AWS'],
  [
    'without the server',
    changed('VolumeAttachment', () => undefined),
    'no server uses the volume database-1',
  ],
  [
    'with a server that another has taken the place of',
    changed('VolumeAttachment', (resource) => ({ ...resource, delete: true })),
    'no server uses the volume database-1',
  ],
  [
    'that is on RDS already',
    changed('VolumeAttachment', ({ inputs, ...rest }) => ({
      ...rest,
      inputs: { ...inputs, stopInstanceBeforeDetaching: false },
    })),
    'the platform has moved already (strata:aws.databaseMove: moved)',
  ],
  [
    'without RDS',
    changed('Instance', () => undefined),
    'there is no RDS instance database-2: strata:aws.database: rds with strata:aws.databaseMove: copying',
  ],
  [
    'with RDS of the first generation',
    changed('Instance', ({ urn, ...rest }) => ({
      ...rest,
      urn: urn.replace('database-2', 'database-1'),
    })),
    'there is no RDS instance database-2',
  ],
  ['without an authority', changed('Authority', () => undefined), 'authority of the certificates'],
  [
    'whose secrets are shut',
    changed('RandomPassword', (resource) => ({
      ...resource,
      outputs: { result: { ciphertext: 'v1:of-the-server' } },
    })),
    'the password database-admin is not there, or cannot be opened',
  ],
  [
    'of a region that nobody has told us of',
    changed('Instance', ({ outputs, ...rest }) => ({
      ...rest,
      outputs: { ...outputs, arn: 'arn:aws:rds:xx-nowhere-1:1:db:x' },
    })),
    'who signs certificates of RDS in xx-nowhere-1',
  ],
])('a state %s is refused in words', (_, state, says) => {
  expect(() => endsInState('prod', state)).toThrow(says);
});

test('all that is missing is told at once, and no password', () => {
  const { resources } = movingState(given);
  const few = { resources: resources.filter(({ type }) => /Password|Volume$/.test(type)) };
  const words = textOf(() => endsInState('prod', few));
  expect(words.split('\n')).toHaveLength(4);
  expect(words).not.toContain('of-the-server');
});

const arn = 'arn:aws:rds:eu-central-1:1:db:x';
const command = '--profile=x; touch /tmp/x';

test.each([
  ['VolumeAttachment', { instanceId: command, stopInstanceBeforeDetaching: true }],
  [
    'VolumeAttachment',
    { instanceId: 'i-0123456789abcdef0/../i-1', stopInstanceBeforeDetaching: true },
  ],
  ['Instance', { address: '-oProxyCommand=x', arn, password: 'x' }],
  ['Instance', { address: 'evil/x?sslmode=disable#', arn, password: 'x' }],
  ['Instance', { address: 'a b', arn, password: 'x' }],
  ['Instance', { address: 'a.b', arn: `arn:aws:rds:${command}:1:db:x`, password: 'x' }],
  ['Authority', { certificate: '/etc/ssl/certs/ca-certificates.crt' }],
])('an attack: %s that is no such thing (%j) reaches no command', (type, values) => {
  const state = changed(type, (resource) => ({ ...resource, inputs: values, outputs: values }));
  expect(() => endsInState('prod', state)).toThrow('has not both servers of a move');
});

test('a password with signs of a URL in it changes neither host nor parameters', () => {
  const { target } = endsInState(
    'prod',
    movingState({ ...given, target: '@evil/?sslmode=disable#' }),
  );
  const { hostname, password, searchParams } = new URL(target.url);
  expect(hostname).toBe('database-2.test.eu-central-1.rds.amazonaws.com');
  expect(decodeURIComponent(password)).toBe('@evil/?sslmode=disable#');
  expect(searchParams.get('sslmode')).toBe('verify-full');
});

test('both ends hear something while the work is silent, and nothing any more after it (a stand-in for Postgres)', async () => {
  let heard = 0;
  const server = createServer((socket) => {
    heard += 1;
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `postgresql://x@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`;
  const silent = () => expect.poll(() => heard).toBeGreaterThanOrEqual(4);
  await awake({ source: url, target: url }, silent, 20);
  const after = heard;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(heard).toBe(after);
  server.close();
});

function textOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}
