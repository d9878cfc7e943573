import { expect, test, vi } from 'vitest';
import { preflightCommand } from '../../engine/commands/preflight';
import { stackValues } from '../../engine/compose/stack-values';
import { awsClients } from '../../engine/preflight/clients';

vi.mock('../../engine/compose/stack-values', { spy: true });
vi.mock('../../engine/preflight/clients', { spy: true });

const zone = { dnsZone: 'Z0123456789' };

test.each([
  [
    'memory that cannot hold the connections of all pools',
    { aws: zone, database: { memory: '512M', pools: { app: 400 } } },
    /strata:database\.memory cannot hold \d+ connections .*\n.*512M.*\n.*at least \d+M/,
  ],
  [
    'a load balancer with neither a hosted zone nor a certificate',
    { aws: {} },
    'strata:aws.certificate is missing, which the load balancer shows',
  ],
])('%s is refused before AWS is asked', async (_, config, says) => {
  vi.mocked(stackValues).mockReturnValueOnce({
    'strata:target': 'aws',
    'strata:tier': 'load-balanced',
    'strata:domain': 'example.org',
    ...Object.fromEntries(
      Object.entries(config).map(([name, value]) => [`strata:${name}`, JSON.stringify(value)]),
    ),
  });
  const ran = preflightCommand().parseAsync(['--stack', 'prod'], { from: 'user' });
  await expect(ran).rejects.toThrow(says);
  expect(awsClients).not.toHaveBeenCalled();
});
