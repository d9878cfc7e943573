import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { machineFile } from '../../components/services/gateway/this-machine';
import { ask } from '../support/gateway/client';
import { configTest, noNginx, operatorPassword, writeConfig } from '../support/gateway/nginx';
import { gatewayInput } from '../support/gateway/platform';
import { startWorld } from '../support/gateway/world';

const title = noNginx
  ? `this machine as an operator (skipped: ${noNginx})`
  : 'this machine as an operator';

/** A routing table as the kernel writes it. */
function table(...routes: string[]): string {
  const head =
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
  return [head, ...routes, ''].map((line) => line.padEnd(127)).join('\n');
}
function route(destination: string, gateway: string, flags: string, mask: string): string {
  return `eth0\t${destination}\t${gateway}\t${flags}\t0\t0\t0\t${mask}\t0\t0\t0`;
}
const byDefault = (gateway: string) => route('00000000', gateway, '0003', '00000000');
const link = route('0050A8C0', '00000000', '0001', '00F0FFFF');

describe.skipIf(noNginx !== undefined)(title, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-route-'));
  // nginx runs as nobody.
  chmodSync(folder, 0o755);
  const routingTable = path.join(folder, 'route');
  const input = gatewayInput({ operators: ['this-machine'] });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['a default route', table(byDefault('0150A8C0'), link), 'allow 192.168.80.1;\n'],
    ['one that is not the first', table(link, byDefault('010011AC')), 'allow 172.17.0.1;\n'],
    ['high bytes', table(byDefault('FEFFFF0A')), 'allow 10.255.255.254;\n'],
    [
      'two, of which the first counts',
      table(byDefault('010011AC'), byDefault('010012AC')),
      'allow 172.17.0.1;\n',
    ],
    ['none', table(link), ''],
    ['an empty table', '', ''],
    ['no table', undefined, ''],
    [
      'a gateway of another network alone',
      table(route('0000000A', '010011AC', '0003', '000000FF')),
      '',
    ],
    ['half of the internet', table(route('00000000', '010011AC', '0003', '00000080')), ''],
    [
      'a default route without a gateway',
      table(route('00000000', '00000000', '0001', '00000000')),
      '',
    ],
    ['one that refuses', table(route('00000000', '010011AC', '0203', '00000000')), ''],
    ['an address that is too short', table(byDefault('0011AC')), ''],
    ['an address that is too long', table(byDefault('010011AC00')), ''],
    ['an address that is none', table(byDefault('all;allo')), ''],
  ])('is found by %s, or not at all', async (_, text, expected) => {
    if (text === undefined) rmSync(routingTable, { force: true });
    else writeFileSync(routingTable, text);
    const written = await writeConfig(input, [], { routingTable });
    try {
      const said = configTest(written.command);
      expect(said.replace(/^awk: .*\n/, '')).toBe('');
      expect(readFileSync(machineFile(written.layout), 'utf8')).toBe(expected);
    } finally {
      rmSync(written.folder, { recursive: true });
    }
  });

  const admitted = async (routes: string, from: readonly string[]): Promise<number[]> => {
    writeFileSync(routingTable, routes);
    const world = await startWorld({ operators: ['this-machine', '127.0.0.9'] }, { routingTable });
    const login = Buffer.from(`operator:${operatorPassword}`).toString('base64');
    try {
      const status = async (address: string, headers: Record<string, string>) =>
        (await ask(world.gateway, '/console/a', { from: address, headers })).status;
      const found = from.map((address) => status(address, { authorization: `Basic ${login}` }));
      return await Promise.all([...found, status(from[0] ?? '', {})]);
    } finally {
      await world.stop();
    }
  };

  it('gets in with the login, beside the addresses of the settings, and its neighbours do not', async () => {
    const from = ['127.0.0.2', '127.0.0.1', '127.0.0.9', '127.0.0.3'];
    expect(await admitted(table(byDefault('0200007F')), from)).toEqual([200, 200, 200, 403, 401]);
  });

  it('is nobody where it cannot be found', async () => {
    expect(await admitted(table(link), ['127.0.0.2', '127.0.0.9'])).toEqual([403, 200, 403]);
  });
});
