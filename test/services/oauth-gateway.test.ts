import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oauth } from '../../components/services/auth/oauth';
import { oauth as settings } from '../../components/settings/oauth';
import { ask } from '../support/gateway/client';
import { startNames, type Names } from '../support/gateway/names';
import { noNginx, startNginx, type Running } from '../support/gateway/nginx';
import { gatewayInput } from '../support/gateway/platform';
import { noRedis } from '../support/guard/redis';
import { authorizeUrl, clientSecrets, issuer, OauthWorld, pkce } from '../support/oauth/world';

const missing = noNginx ?? noRedis;
const title = `the OAuth server behind real nginx${missing ? ` (skipped: ${missing})` : ''}`;

describe.skipIf(missing !== undefined)(title, () => {
  let world: OauthWorld;
  let names: Names;
  let gateway: Running;

  beforeAll(async () => {
    world = await OauthWorld.start();
    const { port } = await world.oauth();
    names = await startNames({ oauth: ['127.0.0.1'] });
    const input = gatewayInput({}, { domain: 'example.test' });
    const workload = oauth({ ...input, oauth: settings.parse({}) });
    gateway = await startNginx(input, [{ ...workload, port }], { resolver: names.address });
  });
  afterAll(async () => {
    await gateway.stop();
    names.close();
    await world.stop();
  });

  test('is found where clients look, under the public address', async () => {
    const paths = [
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
      '/.well-known/oauth-authorization-server/oauth',
      '/oauth/.well-known/openid-configuration',
    ];
    for (const path of paths) {
      const { status, body } = await ask(gateway, path, { host: 'example.test' });
      expect([path, status, (JSON.parse(body) as { issuer: string }).issuer]).toEqual([
        path,
        200,
        issuer,
      ]);
    }
  });

  test('gives tokens, and neither figures nor health to anybody outside', async () => {
    const { status, body } = await ask(gateway, '/oauth/token', {
      host: 'example.test',
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: 'machine',
        client_secret: clientSecrets.CLIENT_SECRET_MACHINE,
        scope: 'storage:read',
      }).toString(),
    });
    expect([status, Object.keys(JSON.parse(body) as object)]).toEqual([
      200,
      ['access_token', 'expires_in', 'scope', 'token_type'],
    ]);
    for (const path of ['/oauth/metrics', '/oauth/healthz', '/metrics']) {
      expect((await ask(gateway, path, { host: 'example.test' })).status).toBe(404);
    }
  });

  test('shows its page with its own policy, and its cookies come back over https alone', async () => {
    const { pathname, search } = new URL(authorizeUrl({ challenge: pkce().challenge }));
    const begun = await ask(gateway, pathname + search, { host: 'example.test' });
    const cookies = begun.headers['set-cookie'] ?? [];
    const to = new URL(begun.headers.location ?? '', issuer);
    const page = await ask(gateway, to.pathname, {
      host: 'example.test',
      headers: { cookie: cookies.map((line) => line.split(';')[0]).join('; ') },
    });
    expect([begun.status, to.origin, page.status]).toEqual([303, 'https://example.test', 200]);
    for (const line of cookies) expect(line).toMatch(/samesite=lax; secure; httponly/);
    expect(page.headers['content-security-policy']).toContain(
      "form-action 'self' https://app.test;",
    );
    expect(page.headers).toMatchObject({
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
    });
  });
});
