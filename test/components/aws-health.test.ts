import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { places } from '../../components/targets/aws/places';
import { awsHealth } from '../../engine/aws-health';
import { GroupStandIn } from '../support/aws/group';
import { RunCommandStandIn } from '../support/aws/servers';
import { AwsStandIn } from '../support/aws/stand-in';
import { stubEnvironment } from '../support/aws/stub-environment';

const region = 'eu-central-1';
const server = 'i-0123456789abcdef0';
const where = places.servers('data', 1);

const onData = {
  database: { kind: 'database', where },
  schema: { kind: 'job', where },
  pooler: { kind: 'workload', where },
};
const onApp = { guard: { kind: 'workload', where: places.servers('app', 2) } };
const running = { well: true, state: 'running (healthy)' };
const healthy = {
  applied: 'v2',
  services: {
    database: running,
    pooler: running,
    links: running,
    schema: { well: true, state: 'exited (0)' },
  },
};

function resource(type: string, name: string, inputs: Record<string, unknown>) {
  return { urn: `urn:pulumi:prod::strata::strata:index:Platform$${type}::${name}`, type, inputs };
}
const release = resource('strata:aws:Command', 'data-release', {
  ...{ region, instanceId: server, command: ['sh', '-c', 'apply', 'apply', 'v2'] },
});

describe('the health of a stack on AWS (stand-ins for Systems Manager, servers and the balancer)', () => {
  let servers: RunCommandStandIn;
  let group: GroupStandIn;
  let aws: AwsStandIn;
  let bin: string;

  beforeEach(async () => {
    servers = new RunCommandStandIn();
    servers.agents.set(server, 'Online');
    group = new GroupStandIn();
    aws = await AwsStandIn.start({ ...servers.operations, ...group.operations });
    stubEnvironment(aws);
    bin = mkdtempSync(path.join(os.tmpdir(), 't-health-'));
    vi.stubEnv('PATH', `${bin}:${process.env.PATH ?? ''}`);
    says(healthy);
    return async () => {
      vi.unstubAllEnvs();
      rmSync(bin, { recursive: true });
      servers.stop();
      await aws.stop();
    };
  });
  afterEach(() => vi.restoreAllMocks());

  /** What the program on the server prints. */
  function says(answer: unknown, code = 0): void {
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    const script = `#!/bin/sh\n[ "$1" = status ] || exit 9\necho '${text}'\nexit ${String(code)}\n`;
    writeFileSync(path.join(bin, 'strata-release'), script, { mode: 0o755 });
  }

  /** Name → why it is not healthy; an empty text when it is. */
  async function asked(
    one: ReturnType<typeof resource>,
    services: Parameters<typeof awsHealth>[0] = onData,
  ) {
    const told = await awsHealth(services, [one]);
    return Object.fromEntries(told.map(({ name, reason }) => [name, reason ?? '']));
  }

  test('is what the server says of its services and its release', async () => {
    expect(await asked(release)).toEqual({
      'server data': '',
      database: '',
      schema: '',
      pooler: '',
    });
  });

  test('names what is not well, what has ended, and what is not there', async () => {
    says({
      ...healthy,
      services: {
        database: { well: false, state: 'restarting' },
        pooler: { well: true, state: 'exited (0)' },
        links: { well: false, state: 'running (unhealthy)' },
      },
    });
    expect(await asked(release)).toEqual({
      'server data': '',
      database: 'its container is restarting',
      schema: '',
      pooler: 'its container is exited (0)',
      'links on data': 'its container is running (unhealthy)',
    });
    says({ ...healthy, services: {} });
    expect(await asked(release)).toMatchObject({ database: 'it has no container', schema: '' });
  });

  test.each([
    ['v1', 'release v1 runs on it, and v2 was deployed'],
    [null, 'nothing became healthy on it, and v2 was deployed'],
  ])('tells that release %s runs where another was deployed', async (applied, reason) => {
    says({ ...healthy, applied });
    expect(await asked(release)).toMatchObject({ 'server data': reason, database: '' });
  });

  test.each<[string, () => void, string]>([
    ['is stopped', () => servers.stopped.add(server), 'it is stopped'],
    [
      'has lost its agent',
      () => servers.agents.set(server, 'ConnectionLost'),
      'it does not report to Systems Manager (ConnectionLost)',
    ],
    ['fails', () => says('no docker here', 3), '"strata-release status" failed: no docker here'],
    [
      'has an older release',
      () => says('usage'),
      'its release cannot say how it is: deploy this one (npm run up)',
    ],
  ])('takes nothing for healthy on a server that %s', async (_, break_, problem) => {
    break_();
    expect(await asked(release)).toEqual({
      'server data': problem,
      ...Object.fromEntries(
        ['database', 'schema', 'pooler'].map((name) => [
          name,
          `its server is not asked: ${problem}`,
        ]),
      ),
    });
  });

  test('is what the balancer says of like servers', async () => {
    const rollout = resource('strata:aws:Rollout', 'app-rollout', {
      ...{ region, group: group.name, launchTemplate: group.template, version: 1 },
      targetGroups: [group.arn],
    });
    expect(await asked(rollout, onApp)).toEqual({ 'servers app': '', guard: '' });
    group.sick['i-00000002'] = { State: 'unhealthy', Reason: 'Target.Timeout' };
    const reason = '1 of 2 are healthy; i-00000002 is unhealthy (Target.Timeout)';
    expect(await asked(rollout, onApp)).toEqual({ 'servers app': reason, guard: reason });
  });

  test('names a service that nothing deployed answers for', async () => {
    expect(await asked(release, { ...onData, ...onApp })).toMatchObject({
      database: '',
      guard: 'nothing deployed runs it',
    });
    const elsewhere = { kind: 'workload', where: 'the server of data' };
    expect(await asked(release, { ...onData, storage: elsewhere })).toMatchObject({
      storage: 'nothing deployed runs it',
    });
  });

  test('changes nothing: one command that only asks, on one server', async () => {
    await asked(release);
    expect(servers.runs.map(({ parameters }) => parameters.commands)).toEqual([
      ['#!/bin/sh', 'strata-release status'],
    ]);
  });

  test('without credentials is an error, not a verdict', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', '');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', '');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('HOME', bin);
    await expect(awsHealth(onData, [release])).rejects.toThrow(
      'there are no credentials for AWS here',
    );
  });
});
