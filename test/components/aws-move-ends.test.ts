import { expect, test, vi } from 'vitest';
import { endsInState } from '../../engine/move-database/stack-ends';
import type { Exported } from '../../engine/state';
import { deploy } from '../support/platform';

// What images are built from takes longer to bundle than everything else, and is the same here as anywhere.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});

/** What providers make of them, by type: what a state has and mocks have not. */
const made: Readonly<Record<string, object>> = {
  'aws:rds/instance:Instance': {
    address: 'database-2.example.eu-central-1.rds.amazonaws.com',
    arn: 'arn:aws:rds:eu-central-1:123456789012:db:database-2',
    password: 'x',
  },
  'aws:ec2/volumeAttachment:VolumeAttachment': { instanceId: 'i-0123456789abcdef0' },
  'random:index/randomPassword:RandomPassword': { result: 'x' },
  'strata:tls:Authority': { certificate: '-----BEGIN CERTIFICATE-----' },
};

/** The state of a stack whose config says this of the database. */
async function stateWith(database: object): Promise<Exported> {
  const resources = await deploy(
    {
      ...{ tier: 'split', preset: 'minimal', target: 'aws', domain: 'example.org' },
      aws: { dnsZone: 'Z0123456789', ...database },
    },
    false,
  );
  return {
    resources: resources.map(({ urn, type, inputs }) => ({
      ...{ urn, type },
      inputs: { ...inputs, ...made[type] },
      outputs: { ...made[type] },
    })),
  };
}

test('what a move looks for in a state is what the platform on a server registers; RDS beside it is all that is missing', async () => {
  const state = await stateWith({ database: 'vm' });
  expect(() => endsInState('prod', state)).toThrow(
    /^Stack "prod" has not both servers of a move:\n {2}- there is no RDS instance database-2: .*$/,
  );
}, 120_000);

test('both servers are found where RDS stands beside the server', async () => {
  const state = await stateWith({ database: 'rds', databaseMove: 'copying' });
  expect(() => endsInState('prod', state)).not.toThrow();
}, 120_000);
