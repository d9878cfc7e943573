import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leaveOldAddress } from '../../components/services/images/pooler-registry/address';
import { addressesOf } from '../../components/services/images/pooler-registry/console';
import type { Followed } from '../support/follow';
import { noPgbouncer, Pooler } from './support/pooler';
import { Shard } from './support/pooler-shard';

const why = noPgbouncer === undefined ? '' : ` (skipped: ${noPgbouncer})`;

describe.skipIf(noPgbouncer)(`a pooler whose database comes back at another address${why}`, () => {
  let main: Shard;
  let pooler: Pooler;
  let pgbouncer: Followed;

  beforeAll(async () => {
    main = await Shard.start();
    pooler = await Pooler.create(main);
    pooler.configure(`named = host=localhost port=${String(main.port)} dbname=strata`);
    const registry = await pooler.startRegistry();
    await registry.line(/the pooler does not answer/);
    pgbouncer = await pooler.startPgbouncer();
  });

  afterAll(async () => {
    await pooler.stop();
    await main.stop();
  });

  test('goes on while that is where it looks, or where it has not looked yet', async () => {
    const unknown = (): Promise<string[]> => Promise.resolve(['192.0.2.1']);
    await leaveOldAddress(pooler.console, 'localhost', unknown);
    const client = await pooler.connectPlatform('strata_authenticator', 'named');
    await client.query('begin');
    expect(await addressesOf(pooler.console, 'localhost')).toContain('127.0.0.1');
    await leaveOldAddress(pooler.console, 'localhost');
    await leaveOldAddress(pooler.console, 'elsewhere', unknown);
    await client.query('commit');
  });

  test('is kept when nobody knows the name just now', async () => {
    const nobody = (): Promise<string[]> => Promise.reject(new Error('EAI_AGAIN'));
    await expect(leaveOldAddress(pooler.console, 'localhost', nobody)).rejects.toThrow('EAI_AGAIN');
    await pooler.connectPlatform('strata_authenticator', 'named');
  });

  test('is ended when that is nowhere that it looks, and looks again when it is started', async () => {
    await leaveOldAddress(pooler.console, 'localhost', () => Promise.resolve(['192.0.2.1']));
    await pgbouncer.ended;
    await pooler.startPgbouncer();
    await pooler.connectPlatform('strata_authenticator', 'named');
  });
});
