import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UserError } from '../../engine/errors';
import { command, type CommandInputs } from '../../provider/aws/command';
import { rollout, type RolloutInputs } from '../../provider/aws/rollout';
import type { Context } from '../../provider/host/resource';
import { GroupStandIn } from '../support/aws/group';
import { RunCommandStandIn } from '../support/aws/servers';
import { AwsStandIn, Refusal } from '../support/aws/stand-in';
import { stubEnvironment } from '../support/aws/stub-environment';
import { contextFor } from '../support/local';
import { freePort } from '../support/ports';

const region = 'eu-central-1';
const server = 'i-0123456789abcdef0';

/** A deployment that a test can interrupt, and what it has told. */
function deployment(name: string): { context: Context; lines: string[]; interrupt: () => void } {
  const lines: string[] = [];
  const stopping = new AbortController();
  const context = { ...contextFor(name, lines), signal: stopping.signal };
  return { context, lines, interrupt: () => stopping.abort(new UserError('interrupted')) };
}

let aws: AwsStandIn;

afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.stop();
});

describe('a command on a server (a stand-in for Systems Manager that runs it here)', () => {
  let servers: RunCommandStandIn;

  beforeEach(async () => {
    servers = new RunCommandStandIn();
    servers.agents.set(server, 'Online');
    aws = await AwsStandIn.start(servers.operations);
    stubEnvironment(aws);
  });
  afterEach(() => servers.stop());

  function inputs(words: string[], more: Partial<CommandInputs> = {}): CommandInputs {
    return {
      region,
      instanceId: server,
      command: words,
      triggers: { release: 'one' },
      timeoutSeconds: 20,
      description: 'the release of data',
      ...more,
    };
  }
  const shell = (script: string, more: Partial<CommandInputs> = {}) =>
    inputs(['bash', '-c', script], more);
  const { context: data } = deployment('data');

  test('runs to its end', async () => {
    const { id, state } = await command.create(shell('true'), data);
    expect(id).toBe('data');
    expect(state).toMatchObject({ ...shell('true'), commandId: servers.runs[0]?.id });
    expect(Date.parse(state.ranAt)).toBeGreaterThan(Date.now() - 60_000);
    expect(aws.asked('SendCommand')).toEqual([
      expect.objectContaining({
        DocumentName: 'AWS-RunShellScript',
        InstanceIds: [server],
        Comment: 'the release of data',
        TimeoutSeconds: 30,
      }),
    ]);
    expect(await command.read(id, state, data)).toEqual(state);
    await command.delete(id, state, data);
    expect(servers.runs).toHaveLength(1);
  });

  test('its words arrive as they are, whatever a shell makes of them', async () => {
    const words = ['$HOME', "it's", 'a b', '`id`', '; exit 3', '', '*', '"', '\\', 'line\nbreak'];
    await command.create(inputs(['printf', '%s|', ...words]), data);
    expect(servers.runs[0]?.stdout).toBe(`${words.join('|')}|`);
  });

  test('runs again for another command, server or trigger, and for nothing else', () => {
    const state = { ...shell('true'), commandId: 'x', ranAt: '', stopped: false };
    expect(command.diff(state, shell('true'))).toEqual({});
    expect(command.diff(state, shell('true', { description: 'x', timeoutSeconds: 9 }))).toEqual({});
    expect(command.diff(state, shell('false'))).toEqual({ command: 'update' });
    expect(command.diff(state, shell('true', { triggers: {} }))).toEqual({ triggers: 'update' });
    const other = { instanceId: 'i-00000009', region: 'eu-west-1' };
    expect(command.diff(state, shell('true', other))).toEqual({
      instanceId: 'update',
      region: 'update',
    });
  });

  test('a server that was stopped since is started, and the command runs again', async () => {
    const { id, state } = await command.create(shell('true'), data);
    servers.stopped.add(server);
    const seen = await command.read(id, state, data);
    expect(seen).toEqual({ ...state, stopped: true });
    expect(command.diff({ ...state, stopped: true }, shell('true'))).toEqual({ stopped: 'update' });
    expect(await command.update?.(id, state, shell('true'), data)).toMatchObject({
      stopped: false,
    });
    expect(servers.stopped.size).toBe(0);
    expect(servers.runs).toHaveLength(2);
  });

  test('one that fails is an error with its exit code and its last lines', async () => {
    await expect(
      command.create(shell('echo begun; echo no disk >&2; exit 4'), data),
    ).rejects.toThrow(
      `command data on ${server} ended with exit code 4. Its last lines:\nbegun\nno disk`,
    );
    await expect(command.create(inputs(['no-such-program']), data)).rejects.toThrow(
      /^command data on i-\w+ ended with exit code 127\. Its last lines:\n.*no-such-program/,
    );
  });

  test('the last lines are shown also of one that writes more than Systems Manager keeps', async () => {
    const talkative = shell('seq 1 20000; echo the reason; exit 1');
    await expect(command.create(talkative, data)).rejects.toThrow(
      /Its last lines:\n(\d+\n){19}the reason$/,
    );
  });

  test('one that does not end in time is cancelled', async () => {
    await expect(command.create(shell('sleep 60', { timeoutSeconds: 1 }), data)).rejects.toThrow(
      `command data on ${server} did not end within 1 s and was cancelled`,
    );
    expect(aws.asked('CancelCommand')).toEqual([
      { CommandId: servers.runs[0]?.id, InstanceIds: [server] },
    ]);
    expect(servers.runs[0]?.parameters.executionTimeout).toEqual(['61']);
  });

  test('waits for the agent of a server that still starts', async () => {
    servers.agents.delete(server);
    const states = ['ConnectionLost', 'Online'];
    servers.onPing = () => {
      const state = states.shift();
      if (state) servers.agents.set(server, state);
    };
    const { context, lines } = deployment('data');
    await command.create(shell('true'), context);
    expect(lines).toContain(
      `waiting for ${server} to report to Systems Manager: its state is ConnectionLost`,
    );
    expect(lines.at(-1)).toMatch(/^the release of data on i-\w+ \(\d s\)$/);
  });

  test('a server that never reports is told with what to look at', async () => {
    servers.agents.clear();
    await expect(command.create(shell('true', { timeoutSeconds: 1 }), data)).rejects.toThrow(
      /^server i-\w+ did not report to Systems Manager within 1 s \(it never did\)\. Look at:\n.*get-console-output.*\n.*NAT.*\n.*AmazonSSMManagedInstanceCore/,
    );
    expect(aws.asked('SendCommand')).toEqual([]);
  });

  test('an interrupted deployment cancels it', async () => {
    const { context, interrupt } = deployment('data');
    const running = command.create(shell('sleep 60'), context);
    await Promise.all([
      expect
        .poll(() => servers.runs)
        .toHaveLength(1)
        .then(interrupt),
      expect(running).rejects.toThrow('interrupted'),
    ]);
    expect(servers.runs[0]?.status).toBe('Cancelled');
  });

  test('a deployment that was killed is taken up again: the same is not run twice', async () => {
    const folder = shell('sleep 2');
    const lost = command.create(folder, deployment('data').context);
    await expect.poll(() => servers.runs).toHaveLength(1);
    const { state } = await command.create(folder, data);
    await lost;
    expect(state.commandId).toBe(servers.runs[0]?.id);
    expect(servers.runs).toHaveLength(1);
  });

  test('what a killed deployment left behind ends before something else runs', async () => {
    const lost = command.create(shell('sleep 60'), deployment('data').context);
    const others = command.create(shell('sleep 3; exit 7'), deployment('other').context);
    const ends = Promise.all([
      expect(lost).rejects.toThrow('did not end well: Systems Manager says Cancelled'),
      expect(others).rejects.toThrow('exit code 7'),
    ]);
    await expect.poll(() => servers.runs).toHaveLength(2);
    await command.create(shell('sleep 60; exit 0', { command: ['true'] }), data);
    await ends;
    expect(aws.asked('CancelCommand')).toHaveLength(1);
  });

  test('a new trigger is another run of the same command', async () => {
    const before = await command.create(shell('true'), data);
    const after = await command.update?.(
      'data',
      before.state,
      shell('true', { triggers: { release: 'two' } }),
      data,
    );
    expect(after?.commandId).toBe(servers.runs[1]?.id);
  });

  test.each([
    [{ instanceId: 'web' }, /instanceId/],
    [{ command: [] }, /command/],
    [{ command: ['echo', '{{ssm:password}}'] }, /must not contain \{\{/],
    [{ region: 'Frankfurt' }, /must be a region such as eu-central-1/],
    [{ timeoutSeconds: 0 }, /timeoutSeconds/],
    [{ description: 'x'.repeat(101) }, /description/],
  ])('%j is refused', (wrong, words) => {
    const { error } = command.inputs.safeParse({ ...shell('true'), ...wrong });
    expect(String(error)).toMatch(words);
  });
});

describe('a rollout of a scaling group (a stand-in for Auto Scaling and the balancer)', () => {
  let group: GroupStandIn;

  beforeEach(async () => {
    group = new GroupStandIn();
    aws = await AwsStandIn.start(group.operations);
    stubEnvironment(aws);
  });

  function inputs(version: number, more: Partial<RolloutInputs> = {}): RolloutInputs {
    return {
      region,
      group: group.name,
      launchTemplate: group.template,
      version,
      targetGroups: [group.arn],
      warmUpSeconds: 30,
      timeoutSeconds: 20,
      ...more,
    };
  }
  const live = (version: number) => `${group.template}:${version}`;
  const { context: app } = deployment('app');

  test('the first deployment replaces nothing and waits for healthy targets', async () => {
    group.sick = { 'i-00000002': { State: 'initial', Reason: 'Elb.RegistrationInProgress' } };
    group.onTargets = () => {
      if (aws.asked('DescribeTargetHealth').length > 1) group.sick = {};
    };
    const { context, lines } = deployment('app');
    const { id, state } = await rollout.create(inputs(1), context);
    expect([id, state]).toEqual([group.name, { ...inputs(1), live: live(1) }]);
    expect(group.refreshes).toEqual([]);
    expect(lines).toEqual([
      'waiting for the servers of strata-app: 1 of 2 are healthy; i-00000002 is initial (Elb.RegistrationInProgress)',
    ]);
  });

  test('another version replaces the servers, new ones first, back to the old ones if it fails', async () => {
    const { context, lines } = deployment('app');
    const state = await rollout.update?.(
      group.name,
      { ...inputs(1), live: live(1) },
      inputs(2),
      context,
    );
    expect(state?.live).toBe(live(2));
    expect(aws.asked('StartInstanceRefresh')).toEqual([
      expect.objectContaining({
        AutoScalingGroupName: group.name,
        DesiredConfiguration: {
          LaunchTemplate: { LaunchTemplateId: group.template, Version: '2' },
        },
        Preferences: {
          AutoRollback: 'true',
          MinHealthyPercentage: '100',
          MaxHealthyPercentage: '200',
          SkipMatching: 'true',
          InstanceWarmup: '30',
          ScaleInProtectedInstances: 'Refresh',
          StandbyInstances: 'Terminate',
        },
      }),
    ]);
    expect(lines).toContain('replacing servers: 50 %, Waiting for instances');
  });

  test('one that failed fails the resource, with what AWS says of it', async () => {
    group.course = [
      { Status: 'InProgress', PercentageComplete: 10 },
      { Status: 'RollbackInProgress', StatusReason: 'Rolling back' },
      {
        Status: 'RollbackSuccessful',
        StatusReason: 'The rollback ended.',
        RollbackDetails: { RollbackReason: 'A new instance was not healthy.' },
      },
    ];
    group.activities = [
      activity(
        'Successful',
        'taken out of service in response to an ELB system health check failure.',
      ),
      activity('Failed', 'asked for', 'We currently do not have sufficient t3.small capacity'),
      activity('Cancelled', 'asked for', 'Instance failed to complete user’s Lifecycle Action'),
      activity('Successful', 'a user request changed the capacity'),
      activity('Failed', 'long ago', 'of another day', new Date(Date.now() - 86_400_000)),
    ];
    const { context, lines } = deployment('app');
    await expect(rollout.create(inputs(2), context)).rejects.toThrow(
      new UserError(
        'the servers of strata-app could not be replaced: the version before runs again. A new instance was not ' +
          'healthy. The rollback ended.\n' +
          '  - taken out of service in response to an ELB system health check failure.\n' +
          '  - We currently do not have sufficient t3.small capacity\n' +
          '  - Instance failed to complete user’s Lifecycle Action',
      ),
    );
    expect(lines).toContain('going back to the version before: 0 %, Rolling back');
  });

  test.each([
    ['Failed', 'it failed. too bad'],
    ['Cancelled', 'somebody cancelled it. too bad'],
    ['RollbackFailed', 'nor could the version before be put back. too bad'],
  ])('one that ends as %s fails the resource', async (Status, words) => {
    group.course = [{ Status, StatusReason: 'too bad' }];
    await expect(rollout.create(inputs(2), app)).rejects.toThrow(words);
  });

  test('one that takes too long is rolled back', async () => {
    group.course = [{ Status: 'InProgress' }];
    await expect(rollout.create(inputs(2, { timeoutSeconds: 1 }), app)).rejects.toThrow(
      'not all were healthy within 1 s, and AWS goes back to the version before',
    );
    expect(aws.asked('RollbackInstanceRefresh')).toEqual([
      expect.objectContaining({ AutoScalingGroupName: group.name }),
    ]);
  });

  test('servers that stay ill fail the resource, with the reason of the balancer', async () => {
    group.sick = {
      'i-00000001': {
        State: 'unhealthy',
        Reason: 'Target.ResponseCodeMismatch',
        Description: 'Health checks failed with these codes: [502]',
      },
    };
    group.activities = [activity('Failed', 'started', 'no capacity')];
    await expect(rollout.create(inputs(1, { timeoutSeconds: 1 }), app)).rejects.toThrow(
      'the servers of strata-app were not healthy within 1 s: 1 of 2 are healthy; i-00000001 is unhealthy ' +
        '(Target.ResponseCodeMismatch: Health checks failed with these codes: [502])\n  - no capacity',
    );
  });

  test('healthy servers of another version do not count', async () => {
    await aws.stop();
    const look = group.operations.DescribeAutoScalingGroups;
    aws = await AwsStandIn.start({
      ...group.operations,
      DescribeAutoScalingGroups: (input) => {
        const seen = look?.(input) ?? {};
        group.servers = { 'i-00000001': '1', 'i-00000003': '2' };
        return seen;
      },
    });
    stubEnvironment(aws);
    await expect(rollout.create(inputs(1, { timeoutSeconds: 1 }), app)).rejects.toThrow(
      'the servers of strata-app were not healthy within 1 s: 1 of 2 are healthy',
    );
  });

  test('an interrupted deployment leaves the refresh, and the next one follows it', async () => {
    group.course = [{ Status: 'InProgress' }];
    const { context, interrupt } = deployment('app');
    await Promise.all([
      expect
        .poll(() => group.refreshes)
        .toHaveLength(1)
        .then(interrupt),
      expect(rollout.create(inputs(2), context)).rejects.toThrow('interrupted'),
    ]);
    const [left] = group.refreshes;
    // The interrupted look may still come, and takes one of them.
    const goesOn = { Status: 'InProgress' };
    if (left) left.looks = [goesOn, goesOn, goesOn, { Status: 'Successful' }];
    await rollout.create(inputs(2), app);
    expect(group.refreshes).toHaveLength(1);
    expect(aws.asked('CancelInstanceRefresh')).toEqual([]);
  });

  test('a refresh to another version is cancelled first, also when the old one is wanted again', async () => {
    group.refreshes = [underWay('3')];
    await rollout.create(inputs(2), app);
    expect(operations()).toEqual(['CancelInstanceRefresh', 'StartInstanceRefresh']);
    group.refreshes = [underWay('3')];
    aws.calls.length = 0;
    await rollout.create(inputs(2), app);
    expect(operations()).toEqual(['CancelInstanceRefresh']);
  });

  test('a rollback that is under way to whatever is cancelled too', async () => {
    const back = underWay('2');
    back.looks = [{ Status: 'RollbackInProgress' }];
    group.refreshes = [back];
    await rollout.create(inputs(2), app);
    expect(operations()).toEqual(['CancelInstanceRefresh', 'StartInstanceRefresh']);
  });

  test('one that ends while it is cancelled is no trouble', async () => {
    const other = underWay('3');
    group.refreshes = [other];
    const look = group.refreshing.DescribeInstanceRefreshes;
    await aws.stop();
    aws = await AwsStandIn.start({
      ...group.operations,
      DescribeInstanceRefreshes: (input) => {
        const seen = look?.(input) ?? {};
        other.looks = [{ Status: 'Successful' }];
        return seen;
      },
    });
    stubEnvironment(aws);
    await rollout.create(inputs(2), app);
    expect(operations()).toEqual(['CancelInstanceRefresh', 'StartInstanceRefresh']);
  });

  test('shows when somebody else has changed the version, or removed the group', async () => {
    const state = { ...inputs(1), live: live(1) };
    expect(rollout.diff(state, inputs(1))).toEqual({});
    expect(rollout.diff(state, inputs(2))).toEqual({ version: 'update' });
    expect(rollout.diff(state, inputs(1, { timeoutSeconds: 5, warmUpSeconds: 1 }))).toEqual({});
    group.version = '$Latest';
    const seen = await rollout.read(group.name, state, app);
    expect(seen).toEqual({ ...state, live: `${group.template}:$Latest` });
    expect(rollout.diff(seen ?? state, inputs(1))).toEqual({ live: 'update' });
    group.exists = false;
    expect(await rollout.read(group.name, state, app)).toBeUndefined();
    await expect(rollout.create(inputs(1), app)).rejects.toThrow('AWS has no scaling group');
  });

  test('what AWS forbids is an error, not an outage', async () => {
    await aws.stop();
    aws = await AwsStandIn.start({
      DescribeAutoScalingGroups: () => {
        throw new Refusal('AccessDenied', 'user x may not autoscaling:DescribeAutoScalingGroups');
      },
    });
    stubEnvironment(aws);
    await expect(rollout.read(group.name, { ...inputs(1), live: live(1) }, app)).rejects.toThrow(
      'AWS does not permit it: user x may not autoscaling:DescribeAutoScalingGroups (AccessDenied)',
    );
  });

  test('while AWS is away, or knows nobody, what is recorded stands, and a warning says so', async () => {
    const state = { ...inputs(1), live: live(1) };
    const { context, lines } = deployment('app');
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${await freePort()}`);
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
    expect(await rollout.read(group.name, state, context)).toEqual(state);
    expect(lines).toEqual([
      expect.stringMatching(
        /^AWS does not answer: ECONNREFUSED.*\napp is taken to be as it was recorded$/,
      ),
    ]);
    vi.stubEnv('AWS_ACCESS_KEY_ID', '');
    vi.stubEnv('AWS_CONFIG_FILE', '/none');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/none');
    await expect(rollout.create(inputs(1), context)).rejects.toThrow(
      /^there are no credentials for AWS here: .* \(AWS_PROFILE\)/,
    );
  });

  test.each([
    [{ launchTemplate: 'app' }, /launchTemplate/],
    [{ version: 1.5 }, /version/],
    [{ targetGroups: [] }, /targetGroups/],
    [{ targetGroups: ['app'] }, /must be the ARN of a target group/],
  ])('%j is refused', (wrong, words) => {
    expect(String(rollout.inputs.safeParse({ ...inputs(1), ...wrong }).error)).toMatch(words);
  });

  function operations(): string[] {
    return aws.calls
      .map(({ operation }) => operation)
      .filter((name) => /^(Start|Cancel)/.test(name));
  }

  function underWay(version: string): GroupStandIn['refreshes'][number] {
    return {
      id: 'other',
      desired: { LaunchTemplate: { LaunchTemplateId: group.template, Version: version } },
      looks: [{ Status: 'InProgress' }],
    };
  }
});

function activity(
  StatusCode: string,
  Cause: string,
  StatusMessage?: string,
  StartTime = new Date(),
): Record<string, unknown> {
  return { ActivityId: Cause, StatusCode, Cause, StatusMessage, StartTime };
}
