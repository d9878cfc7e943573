import * as pulumi from '@pulumi/pulumi';
import { expect, test } from 'vitest';
import { certificates } from '../../components/data/certificates';
import { linkCertificates } from '../../components/links/names';
import type { TierName } from '../../components/settings/names';
import { service } from '../support/gateway/platform';
import { graph, type Answers } from '../support/graph';

const issued = () => ({ certificate: 'certificate', key: 'key', expires: 'later' });
const answers: Answers = { 'strata:tls:Authority': issued, 'strata:tls:Certificate': issued };

const database = {
  ...service('database', 5432),
  secrets: { TLS_KEY: { certificate: 'database', part: 'key' } as const },
};

/** Certificate → what it is made for. */
async function made(tier: TierName): Promise<Record<string, unknown>> {
  const registered = await graph(
    () => {
      const parent = new pulumi.ComponentResource('strata:index:Platform', 'strata');
      certificates([database], [], linkCertificates(tier), parent);
    },
    answers,
    false,
  );
  return Object.fromEntries(
    registered
      .filter(({ type }) => type === 'strata:tls:Certificate')
      .map(({ name, inputs: { names, usage } }) => [name, { names, usage }]),
  );
}

const ofDatabase = { names: ['database', 'localhost', '127.0.0.1'], usage: undefined };

test('a service has the certificate of a server, and on one server there is no other', async () => {
  expect(await made('single')).toEqual({ 'certificate-database': ofDatabase });
});

test('links have one for the server and one for the client, and change none of the others', async () => {
  const links = {
    'certificate-links': { names: ['*.links.internal'], usage: undefined },
    'certificate-links-client': { names: ['links-client'], usage: 'client' },
  };
  expect(await made('split')).toEqual({ 'certificate-database': ofDatabase, ...links });
  expect(await made('load-balanced')).toEqual({ 'certificate-database': ofDatabase, ...links });
});
