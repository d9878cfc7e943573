import { revocableName } from '../../components/services/images/shared/revocable';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../support/guard/ask';
import { noRedis } from '../support/guard/redis';
import { bundleOf } from '../support/node-program';
import { oauthEntry, type OauthProcess } from '../support/oauth/process';
import {
  as,
  authorizeUrl,
  clientSecrets,
  codeFor,
  issuer,
  OauthWorld,
  pkce,
  post,
  tokens,
} from '../support/oauth/world';
import { Browser } from '../support/oauth/browser';

const title = `the OAuth server when something is missing or taken down${noRedis ? ` (skipped: ${noRedis})` : ''}`;

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: OauthWorld;

  beforeAll(async () => {
    world = await OauthWorld.start();
  });
  afterAll(() => world.stop());

  const machine = { grant_type: 'client_credentials', scope: 'storage:read' };

  test('without an auth service only client credentials work, and the pages say so', async () => {
    const { port, ...server } = await world.oauth({ sessions: undefined });
    const alone = { port, ...server };
    const page = await ask(port, '/oauth/auth?client_id=app', { headers: { accept: 'text/html' } });
    const password = { grant_type: 'password', client_id: 'app', username: 'a', password: 'b' };
    expect([
      page.status,
      page.body.includes('nobody can sign in here: only client credentials work'),
      (await tokens(alone, password)).error,
      typeof (await tokens(alone, machine, as.machine)).access_token,
    ]).toEqual([501, true, 'unsupported_grant_type', 'string']);
  });

  test('a client secret that can be guessed keeps it from starting, without showing it', async () => {
    const { ended, log } = await world.oauth(
      {},
      { clientSecrets: { ...clientSecrets, CLIENT_SECRET_SHOP: 'short-one' } },
    );
    expect(await ended).toBe(1);
    expect(log()).toContain('the secret of the OAuth client shop is shorter than 32 characters');
    expect(log()).not.toContain('short-one');
  });

  test('without the sessions service nobody signs in, and no password is counted as wrong', async () => {
    const server = await world.oauth();
    world.sessions.broken = true;
    const password = {
      grant_type: 'password',
      client_id: 'app',
      username: 'ann@example.test',
      password: 'right',
      scope: 'storage:read',
    };
    const down = await post(server, '/token', password);
    world.sessions.broken = false;
    world.sessions.shape = 'gotrue';
    const up = await post(server, '/token', password);
    world.sessions.shape = 'sessions';
    expect([down.status, up.status]).toEqual([503, 200]);
  });

  test('two replicas are as one: what one gave, the other takes', async () => {
    const [one, two] = [await world.oauth(), await world.oauth()];
    const { code, verifier } = await codeFor(one);
    const made = await tokens(two, {
      grant_type: 'authorization_code',
      client_id: 'app',
      redirect_uri: 'https://app.test/back',
      code,
      code_verifier: verifier,
    });
    const keys = await Promise.all([one, two].map(({ port }) => ask(port, '/oauth/jwks')));
    expect(typeof made.access_token).toBe('string');
    expect(keys[0]?.body).toBe(keys[1]?.body);
  });

  /** The program with a fence taken down. */
  async function broken(from: string | RegExp, to: string): Promise<OauthProcess> {
    const program = bundleOf(oauthEntry);
    const mutant = program.replace(from, to);
    expect(mutant, `nothing of the program is ${String(from)}`).not.toBe(program);
    return world.oauth({}, { program: mutant });
  }

  const exchange = async (server: OauthProcess) => {
    const { code, verifier } = await codeFor(server);
    return {
      grant_type: 'authorization_code',
      client_id: 'app',
      redirect_uri: 'https://app.test/back',
      code,
      code_verifier: verifier,
    };
  };

  describe('each fence holds something: with it taken down an attack succeeds', () => {
    test('the one use of a code', async () => {
      const server = await broken(
        /"EX",seconds,"NX"\)==="OK"\)return;/,
        '"EX",seconds,"NX"),!0)return;',
      );
      let most = 0;
      for (let round = 0; round < 10 && most < 2; round += 1) {
        const fields = await exchange(server);
        const all = await Promise.all(Array.from({ length: 8 }, () => tokens(server, fields)));
        most = Math.max(most, all.filter(({ access_token }) => access_token).length);
      }
      expect(most).toBeGreaterThan(1);
    });

    test('the end of access tokens with their grant', async () => {
      const server = await broken(/jti!==null&&/, 'false&&');
      const fields = await exchange(server);
      const first = await tokens(server, fields);
      await tokens(server, fields);
      expect(await world.revoked()).not.toContain(
        revocableName(String(decodeJwt(first.access_token).jti)),
      );
    });

    test('the scopes in the platform claim', async () => {
      const server = await broken('claimsFor(member,granted)', 'claimsFor(member)');
      const guard = await world.guarded.guard();
      const { access_token } = await tokens(server, machine, as.machine);
      const { status } = await ask(guard.port, '/check', {
        headers: {
          authorization: `Bearer ${access_token}`,
          'x-original-method': 'PUT',
          'x-original-uri': '/storage/a.txt',
          'x-original-host': 'api.example.org',
          'x-real-ip': '192.0.2.1',
        },
      });
      expect(status).toBe(204);
    });

    test('the count of wrong secrets', async () => {
      const server = await broken(/await parts\.failures\.clientFailed\(/, 'await (()=>0)(');
      const wrong = { basic: ['machine', 'w'.repeat(40)], address: '198.51.100.77' } as const;
      const statuses: number[] = [];
      for (let n = 0; n < 12; n += 1) {
        statuses.push((await post(server, '/token', machine, wrong)).status);
      }
      expect(statuses).toEqual(Array(12).fill(401));
    });

    test('the count of passwords', async () => {
      const server = await broken(/await failures\.tryAccount\(/, 'await (()=>0)(');
      const guess = {
        grant_type: 'password',
        client_id: 'app',
        username: 'someone@example.test',
        password: 'guess',
        scope: 'storage:read',
      };
      const statuses: number[] = [];
      for (let n = 0; n < 8; n += 1) statuses.push((await post(server, '/token', guess)).status);
      expect(statuses).toEqual(Array(8).fill(400));
    });

    test('introspection of own tokens alone', async () => {
      const server = await broken(/token\.clientId===clientId&&token\.kind/, 'token.kind');
      const { access_token: token } = await tokens(server, machine, as.machine);
      const { body } = await post(server, '/token/introspection', { token }, as.other);
      expect(body).toContain('"active":true');
    });

    test('the signature of what is taken back in', async () => {
      const server = await broken(
        /form\.token=await verifyToken\(`Bearer \$\{token\}`,rules\)/,
        'form.token=await Promise.resolve(JSON.parse(Buffer.from(token.split(".")[1],"base64url")))',
      );
      const { access_token } = await tokens(server, machine, as.machine);
      const [head = '', body = ''] = access_token.split('.');
      const token = `${head}.${body}.forged`;
      const said = await post(server, '/token/introspection', { token }, as.machine);
      expect(said.body).toContain('"active":true');
    });

    test('the origin of forms', async () => {
      const server = await broken(/\w+\.get\("origin"\)!==parts\.origin/, 'false');
      const browser = new Browser(server.port, issuer);
      await browser.open(authorizeUrl({ challenge: pkce().challenge }));
      browser.origin = 'https://evil.example.test';
      const { headers } = await browser.send({
        action: 'sign-in',
        email: 'ann@example.test',
        password: 'right',
      });
      expect(headers.location).toContain('code=');
    });

    test('the public address, whatever a request says', async () => {
      const server = await broken(/headers\.host=\w+\.host,/, '');
      const { body } = await ask(server.port, '/oauth/.well-known/openid-configuration', {
        headers: { host: 'evil.test' },
      });
      expect(body).toContain('evil.test');
    });

    test('the escape of text on pages', async () => {
      const server = await broken(/text\.replaceAll\(\/\[&<>"'\]\/g/, 'text.replaceAll(/~/g');
      const browser = new Browser(server.port, issuer);
      const { body } = await browser.open(
        authorizeUrl({ client: 'shop', redirectUri: 'https://shop.test/back?of=us' }),
      );
      expect(body).toContain('<img src=x onerror=');
    });
  });
});
