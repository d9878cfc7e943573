import { SSM } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { command } from '../../provider/aws/command';
import { Moto, whyNoMoto } from '../support/aws/moto';
import { RunCommandStandIn } from '../support/aws/servers';
import { AwsStandIn } from '../support/aws/stand-in';
import { stubEnvironment } from '../support/aws/stub-environment';
import { contextFor } from '../support/local';

const region = 'eu-central-1';
const instanceId = 'i-0123456789abcdef0';

describe.skipIf(whyNoMoto())('a command on a server (moto, and a stand-in for the agent)', () => {
  const servers = new RunCommandStandIn();
  let moto: Moto;
  let aws: AwsStandIn;

  beforeAll(async () => {
    moto = await Moto.start();
    servers.agents.set(instanceId, 'Online');
    // moto knows no agents; the commands are its own, and end well at once.
    const { DescribeInstanceInformation } = servers.operations;
    aws = await AwsStandIn.start(
      DescribeInstanceInformation ? { DescribeInstanceInformation } : {},
      moto.endpoint,
    );
    stubEnvironment(aws);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    servers.stop();
    await aws.stop();
    await moto.stop();
  });

  test('is what AWS is asked to run, and what it has run', async () => {
    const { state } = await command.create(
      {
        ...{ region, instanceId, command: ['strata-release', 'apply', "it's"] },
        ...{ triggers: {}, timeoutSeconds: 60, description: 'the release of data' },
      },
      contextFor('data'),
    );
    const { Commands } = await new SSM({ region }).listCommands({ CommandId: state.commandId });
    expect(Commands).toEqual([
      expect.objectContaining({
        Comment: 'the release of data',
        DocumentName: 'AWS-RunShellScript',
        InstanceIds: [instanceId],
        TimeoutSeconds: 60,
        Parameters: {
          executionTimeout: ['120'],
          commands: [
            '#!/bin/bash',
            expect.stringMatching(/^# strata [0-9a-f]{16} [0-9a-f]{16}$/),
            'set -o pipefail',
            expect.stringMatching(/^strata-release apply 'it'\\''s' 2>&1 \| tee /),
          ],
        },
      }),
    ]);
  });
});
