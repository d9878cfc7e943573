import type { LookupFunction } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { GraphqlDoor } from '../../components/services/images/guard/config';
import { Forwarder } from '../../components/services/images/guard/forward';
import { connect } from '../../components/services/images/guard/sockets/service';

const asked = vi.hoisted((): string[] => []);

vi.mock('../../components/services/images/guard/in-turn', () => ({
  inTurn: (): LookupFunction => (name, _options, callback) => {
    asked.push(name);
    callback(new Error('there is nobody'), []);
  },
}));

const door = { upstream: 'http://hasura:8080/v1/graphql', timeoutSeconds: 5 } as GraphqlDoor;
const { signal } = new AbortController();

beforeEach(() => {
  asked.length = 0;
});

let forwarder: Forwarder | undefined;
afterEach(() => forwarder?.close());

test('a query goes to the replicas in turn', async () => {
  forwarder = new Forwarder();
  const query = { door, headers: {}, body: Buffer.from('{}'), writes: false, signal };
  await expect(forwarder.send(query)).rejects.toMatchObject({ status: 502 });
  expect(asked).toEqual(['hasura']);
});

test('a subscription goes to the replicas in turn', async () => {
  const options = { headers: {}, authorization: 'Bearer x', maxBytes: 1000, signal };
  await expect(connect(door, options)).rejects.toMatchObject({ status: 502 });
  expect(asked).toEqual(['hasura']);
});
