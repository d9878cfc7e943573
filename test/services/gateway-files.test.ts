import type { RequestListener } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { storage } from '../../components/services/storage/service';
import { supabaseStorage } from '../../components/services/supabase/storage-api';
import type { Workload } from '../../components/services/service';
import { ask, code } from '../support/gateway/client';
import { startNames, type Names } from '../support/gateway/names';
import { noNginx, startNginx, type Running } from '../support/gateway/nginx';
import { gatewayInput, service } from '../support/gateway/platform';
import { startStandIn, type StandIn } from '../support/gateway/stand-ins';
import { admit } from '../support/gateway/world';
import { settingsOf } from '../support/platform';

const settings = settingsOf({ target: 'docker', domain: 'example.org' });
const acme = '11111111-1111-4111-8111-111111111111';
const globex = '22222222-2222-4222-8222-222222222222';
const cdn = 'cdn.example.org';
const skipped = noNginx === undefined ? '' : ` (skipped: ${noNginx})`;

const supabase = supabaseStorage(settings).find(
  ({ name }) => name === 'supabase-storage',
) as Workload;

/** Of each storage: its routes, a public file of two tenants at the CDN host, and what the service is asked for it. */
const storages: Record<string, { made: Workload; files: [string, string]; prefix: string }> = {
  'the platform’s own': {
    made: storage(settings),
    files: ['/acme/a.png', '/globex/a.png'],
    prefix: '/cdn',
  },
  Supabase: {
    made: supabase,
    files: [`/${acme}/a.png`, `/${globex}-open/a.png`],
    prefix: '/object/public',
  },
};

describe.skipIf(noNginx !== undefined).each(Object.entries(storages))(
  `files at the CDN host, through real nginx to a stand-in of the storage: %s${skipped}`,
  (_name, { made, files: [ours, theirs], prefix }) => {
    let gateway: Running;
    let guard: StandIn;
    let files: StandIn;
    let names: Names;

    beforeAll(async () => {
      guard = await startStandIn();
      files = await startStandIn();
      const services = [service('guard', guard.port), { ...made, port: files.port }];
      names = await startNames(
        Object.fromEntries(services.map(({ name }) => [name, ['127.0.0.1']])),
      );
      const limits = { perSecond: 1000, burst: 1000, connections: 200 };
      gateway = await startNginx(gatewayInput({ limits }), services, { resolver: names.address });
    });
    afterAll(async () => {
      await gateway.stop();
      names.close();
      await Promise.all([guard.close(), files.close()]);
    });
    afterEach(() => {
      files.asked.length = 0;
      files.answer = undefined;
      guard.answer = (_request, response) => admit(response);
    });

    const asked = () => files.asked.map(({ method, url }) => `${method} ${url}`);

    /** As a storage answers that says who the file belongs to. */
    const serve: RequestListener = ({ url = '' }, response) => response.end(`content of ${url}`);

    test('are kept, each for itself', async () => {
      files.answer = serve;
      for (const path of [ours, theirs, ours, theirs]) {
        const { status, body } = await ask(gateway, path, { host: cdn });
        expect([status, body]).toEqual([200, `content of ${prefix}${path}`]);
      }
      expect(asked()).toEqual([`GET ${prefix}${ours}`, `GET ${prefix}${theirs}`]);
    });

    test('are one whatever stands in the query, in the host’s letters and in the path’s escapes', async () => {
      files.answer = serve;
      const first = `${ours}-1`;
      for (const [path, host] of [
        [first, cdn],
        [`${first}?download=x&token=y`, cdn],
        [first.replace('a.png', '%61.png'), cdn],
        [first, 'CDN.example.org'],
      ] as const) {
        expect((await ask(gateway, path, { host })).body).toBe(`content of ${prefix}${first}`);
      }
      expect(asked()).toEqual([`GET ${prefix}${first}`]);
    });

    test.each([
      ["another tenant's host", 'globex.example.org'],
      ['the host of the API', 'api.example.org'],
      ['another subdomain', 'cdn2.example.org'],
    ])('are not there at %s, kept or not', async (_where, host) => {
      files.answer = serve;
      await ask(gateway, ours, { host: cdn });
      files.asked.length = 0;
      const { status, body } = await ask(gateway, ours, { host });
      expect([status, body.includes('content of')]).toEqual([404, false]);
      expect(asked()).toEqual([]);
    });

    test.each([
      ['/../../metrics'],
      ['/%2e%2e/%2e%2e/metrics'],
      ['/..%2f..%2fstatus'],
      ['/acme/..%2f..%2f..%2fobject/authenticated/x/y'],
    ])('are all that is reached: %s', async (path) => {
      await ask(gateway, path, { host: cdn });
      expect(files.asked.filter(({ url }) => !url.startsWith(`${prefix}/`))).toEqual([]);
      expect(files.asked.filter(({ url }) => /\/\.\.\/|%2e%2e|%2f/i.test(url))).toEqual([]);
    });

    test.each<[string, Record<string, string>]>([
      ['private', { 'cache-control': 'private, max-age=60' }],
      ['no-store', { 'cache-control': 'no-store' }],
      ['with a cookie', { 'set-cookie': 'a=1' }],
    ])('are not kept when the service says so: %s', async (name, said) => {
      files.answer = (request, response) => {
        response.writeHead(200, said);
        serve(request, response);
      };
      const path = `${ours}-${name.replaceAll(' ', '')}`;
      await ask(gateway, path, { host: cdn });
      await ask(gateway, path, { host: cdn });
      expect(asked()).toHaveLength(2);
    });

    test('are asked for again after a refusal: what was private before may be public now', async () => {
      const path = `${ours}-later`;
      for (const status of [400, 404]) {
        files.answer = (_request, response) => response.writeHead(status).end('{}');
        expect((await ask(gateway, path, { host: cdn })).status).toBe(status);
      }
      files.answer = serve;
      expect((await ask(gateway, path, { host: cdn })).status).toBe(200);
    });

    test('with a token of somebody are his, not everybody’s', async () => {
      const path = `${ours}-token`;
      files.answer = ({ headers }, response) => response.end(headers.authorization ?? 'nobody');
      const headers = { authorization: 'Bearer of-ann' };
      await ask(gateway, path, { host: cdn, headers });
      expect((await ask(gateway, path, { host: cdn })).body).toBe('nobody');
    });
  },
);

describe.skipIf(noNginx !== undefined)(
  `files of Supabase’s storage, through real nginx to a stand-in${skipped}`,
  () => {
    let gateway: Running;
    let guard: StandIn;
    let files: StandIn;
    let names: Names;

    beforeAll(async () => {
      guard = await startStandIn();
      guard.answer = (_request, response) => response.writeHead(401).end();
      files = await startStandIn();
      const services = [service('guard', guard.port), { ...supabase, port: files.port }];
      names = await startNames(
        Object.fromEntries(services.map(({ name }) => [name, ['127.0.0.1']])),
      );
      gateway = await startNginx(gatewayInput(), services, { resolver: names.address });
    });
    afterAll(async () => {
      await gateway.stop();
      names.close();
      await Promise.all([guard.close(), files.close()]);
    });

    test.each([
      ['api.example.org', `/storage/v1/object/sign/${acme}/page.svg?token=x`],
      ['example.org', `/storage/v1/object/public/${acme}/page.svg`],
      [cdn, `/${acme}/page.svg`],
    ])('run nothing in a browser, whatever they are: %s%s', async (host, path) => {
      files.answer = (_request, response) =>
        response
          .writeHead(200, {
            'content-type': 'image/svg+xml',
            'content-security-policy': "default-src *; script-src * 'unsafe-inline'",
          })
          .end('<svg xmlns="http://www.w3.org/2000/svg"><script href="page.js"/></svg>');
      const { status, headers } = await ask(gateway, path, { host });
      expect(status).toBe(200);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      );
      expect(headers['x-content-type-options']).toBe('nosniff');
    });

    test('of a bucket that is not public are behind the guard', async () => {
      files.asked.length = 0;
      const said = async (path: string) => code(await ask(gateway, `/storage/v1/object/${path}`));
      for (const path of [`${acme}/a.png`, `authenticated/${acme}/a.png`]) {
        expect(await said(path)).toBe('unauthorized');
      }
      for (const up of ['..', '%2e%2e', '..%2f', '%2e%2e%2f']) {
        expect(await said(`public/${up}/authenticated/${acme}/a.png`)).toBe('odd_path');
      }
      expect(files.asked).toEqual([]);
    });
  },
);
