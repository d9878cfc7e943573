import { createPublicKey } from 'node:crypto';
import { decodeJwt, importJWK, jwtVerify, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machineUser } from '../../components/services/images/oauth/keys';
import { claimsNamespace } from '../support/forge';
import { ask, check, refusalOf } from '../support/guard/ask';
import type { GuardProcess } from '../support/guard/process';
import { noRedis } from '../support/guard/redis';
import { issuer as tokenIssuer } from '../support/guard/world';
import type { OauthProcess } from '../support/oauth/process';
import {
  as,
  codeFor,
  issuer,
  OauthWorld,
  post,
  secret,
  signedIn,
  tokens,
} from '../support/oauth/world';

const title = `the OAuth server, with a stand-in for the sessions service${noRedis ? ` (skipped: ${noRedis})` : ''}`;

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: OauthWorld;
  let server: OauthProcess;
  let guard: GuardProcess;

  beforeAll(async () => {
    world = await OauthWorld.start();
    server = await world.oauth();
    guard = await world.guarded.guard();
  });
  afterAll(() => world.stop());

  const key = new TextEncoder().encode(tokenIssuer.key);
  const atTheGuard = async (token: string, method = 'GET', uri = '/storage/a.txt') =>
    refusalOf(
      await check(guard.port, {
        authorization: `Bearer ${token}`,
        'x-original-method': method,
        'x-original-uri': uri,
      }),
    );
  const passes = '204 ';

  test('client credentials give a platform token for the one tenant of the client', async () => {
    const made = await tokens(
      server,
      { grant_type: 'client_credentials', scope: 'storage:read' },
      as.machine,
    );
    const { payload } = await jwtVerify(made.access_token, key, tokenIssuer);
    const { iat = 0, exp = 0, jti, ...rest } = payload;
    const user = machineUser(secret, 'machine');
    expect([made.expires_in, exp - iat, typeof jti]).toEqual([900, 900, 'string']);
    expect(rest).toEqual({
      iss: 'strata',
      aud: 'strata',
      sub: user,
      role: 'strata_tenant',
      client_id: 'machine',
      scope: 'storage:read',
      [claimsNamespace]: {
        'x-hasura-user-id': user,
        'x-hasura-tenant-id': world.guarded.people.acme.id,
        'x-hasura-default-role': 'tenant_member',
        'x-hasura-allowed-roles': ['tenant_member'],
        'x-hasura-role': 'tenant_member',
        'x-hasura-scopes': 'storage:read',
      },
    });
  });

  test('the guard lets a token in as far as its scopes go', async () => {
    const { access_token } = await tokens(
      server,
      { grant_type: 'client_credentials', scope: 'storage:read' },
      as.machine,
    );
    const none = await tokens(server, { grant_type: 'client_credentials' }, as.machine);
    expect([
      await atTheGuard(access_token),
      await atTheGuard(access_token, 'PUT'),
      await atTheGuard(access_token, 'GET', '/functions/a'),
      await atTheGuard(none.access_token),
    ]).toEqual([passes, '403 scope_missing', '403 scope_missing', '403 scope_missing']);
  });

  test('an authorization code gives access, refresh and ID token of who signed in', async () => {
    const { ann, acme } = world.guarded.people;
    const made = await signedIn(server);
    const { payload } = await jwtVerify(made.access_token, key, tokenIssuer);
    expect(payload).toMatchObject({
      sub: ann.id,
      client_id: 'app',
      scope: 'openid storage:read',
      [claimsNamespace]: {
        'x-hasura-tenant-id': acme.id,
        'x-hasura-role': 'tenant_admin',
        'x-hasura-scopes': 'storage:read',
      },
    });
    expect(await atTheGuard(made.access_token)).toBe(passes);
    const jwks = JSON.parse((await ask(server.port, '/oauth/jwks')).body) as { keys: JWK[] };
    const [jwk = {}] = jwks.keys;
    const id = await jwtVerify(made.id_token, await importJWK(jwk, 'ES256'), {
      issuer,
      audience: 'app',
    });
    expect(id.payload).toMatchObject({ sub: ann.id, tenant_id: acme.id, tenant_role: 'admin' });
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  test('the ID token opens no door, and its public key signs no access token', async () => {
    const { id_token } = await signedIn(server);
    const { body } = await ask(server.port, '/oauth/jwks');
    const [jwk = {}] = (JSON.parse(body) as { keys: JWK[] }).keys;
    const pem = createPublicKey({ key: jwk as never, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const { forge } = await import('../support/forge');
    const { iss: _, ...claims } = decodeJwt(
      (
        await tokens(
          server,
          { grant_type: 'client_credentials', scope: 'storage:read' },
          as.machine,
        )
      ).access_token,
    );
    const confused = [String(pem), JSON.stringify(jwk), String(jwk.x)].map((text) =>
      forge({ alg: 'HS256' }, { ...claims, iss: 'strata' }, text),
    );
    const answers = await Promise.all([id_token, ...confused].map((token) => atTheGuard(token)));
    expect(answers).toEqual(Array(4).fill('401 token_invalid'));
  });

  test('a refresh token gives the next one, with less scope if that is asked for', async () => {
    const first = await signedIn(server, 'openid storage:read storage:write');
    const second = await tokens(server, {
      grant_type: 'refresh_token',
      client_id: 'app',
      refresh_token: first.refresh_token,
      scope: 'storage:read',
    });
    expect([
      second.refresh_token === first.refresh_token,
      decodeJwt(second.access_token).scope,
      await atTheGuard(second.access_token, 'PUT'),
    ]).toEqual([false, 'storage:read', '403 scope_missing']);
  });

  test('a person who left the tenant gets no more tokens from an old refresh token', async () => {
    const { admin, people } = world.guarded;
    const { rows } = await admin.query<{ id: string }>(
      `insert into registry.users (handle) values ('leaver') returning id`,
    );
    const [{ id } = { id: '' }] = rows;
    await admin.query(`insert into registry.members values ($1, $2, 'member')`, [
      people.acme.id,
      id,
    ]);
    world.admit('leaver@example.test', { id, role: 'member', tenant: people.acme.id });
    const { code, verifier } = await codeFor(server, {}, 'leaver@example.test');
    const made = await tokens(server, {
      grant_type: 'authorization_code',
      client_id: 'app',
      redirect_uri: 'https://app.test/back',
      code,
      code_verifier: verifier,
    });
    await admin.query('delete from registry.members where user_id = $1', [id]);
    const again = await tokens(server, {
      grant_type: 'refresh_token',
      client_id: 'app',
      refresh_token: made.refresh_token,
    });
    expect([typeof made.access_token, again.error]).toEqual(['string', 'invalid_grant']);
  });

  test('a program of ours trades a password for tokens, and a second factor where there is one', async () => {
    const ask = (fields: Record<string, string>) =>
      tokens(server, {
        grant_type: 'password',
        client_id: 'app',
        scope: 'storage:read',
        password: 'right',
        ...fields,
      });
    const made = await ask({ username: 'ann@example.test' });
    const bob = { username: 'bob@example.test' };
    expect([
      decodeJwt(made.access_token).sub,
      await atTheGuard(made.access_token),
      (await ask(bob)).error_description,
      decodeJwt((await ask({ ...bob, totp: '123456' })).access_token).sub,
      (await ask({ username: 'ann@example.test', password: 'wrong' })).error,
      (await ask({ username: 'ann@example.test', scope: 'graphql:read' })).error,
      (await ask({ username: 'ann@example.test', tenant: 'globex' })).error,
    ]).toEqual([
      world.guarded.people.ann.id,
      passes,
      'a second factor is needed: send totp',
      world.guarded.people.bob.id,
      'invalid_grant',
      'invalid_scope',
      'invalid_grant',
    ]);
    const renewed = await tokens(server, {
      grant_type: 'refresh_token',
      client_id: 'app',
      refresh_token: made.refresh_token,
    });
    expect(await atTheGuard(renewed.access_token)).toBe(passes);
  });

  test('introspection tells a client about its own access token', async () => {
    const { access_token: token } = await tokens(
      server,
      { grant_type: 'client_credentials', scope: 'storage:read' },
      as.machine,
    );
    const { body } = await post(server, '/token/introspection', { token }, as.machine);
    const { exp, iat } = decodeJwt(token);
    expect(JSON.parse(body)).toMatchObject({
      active: true,
      client_id: 'machine',
      scope: 'storage:read',
      exp,
      iat,
      sub: machineUser(secret, 'machine'),
    });
  });

  test('discovery names what there is, under the public address', async () => {
    const paths = ['openid-configuration', 'oauth-authorization-server'];
    for (const path of paths) {
      const { body } = await ask(server.port, `/oauth/.well-known/${path}`, {
        headers: { host: 'evil.test', 'x-forwarded-host': 'evil.test' },
      });
      expect(body).not.toContain('evil');
      expect(JSON.parse(body)).toMatchObject({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        introspection_endpoint: `${issuer}/token/introspection`,
        revocation_endpoint: `${issuer}/token/revocation`,
        jwks_uri: `${issuer}/jwks`,
        code_challenge_methods_supported: ['S256'],
        grant_types_supported: expect.arrayContaining([
          'authorization_code',
          'refresh_token',
          'client_credentials',
          'password',
        ]) as unknown,
        id_token_signing_alg_values_supported: ['ES256'],
      });
    }
  });
});
