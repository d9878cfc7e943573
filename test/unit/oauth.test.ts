import { importJWK, SignJWT, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { oauth as service } from '../../components/services/auth/oauth';
import { gatewayProblems } from '../../components/services/gateway/problems';
import { readConfig } from '../../components/services/images/oauth/config';
import { cookieKey, machineUser, signingKey } from '../../components/services/images/oauth/keys';
import { policy, sentencePage, signInPage } from '../../components/services/images/oauth/pages';
import { oauth as settings } from '../../components/settings/oauth';
import { gatewayInput } from '../support/gateway/platform';

const clients = {
  shop: {
    name: 'The shop',
    secret: 'shop-secret',
    redirectUris: ['https://shop.example.org/back'],
    grants: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'graphql:read'],
  },
  'night-job': {
    secret: 'job-secret',
    grants: ['client_credentials'],
    scopes: ['storage:*'],
    tenant: 'acme',
    role: 'owner',
  },
  app: {
    redirectUris: ['org.example.app:/back', 'http://127.0.0.1:8123/back'],
    grants: ['authorization_code', 'password'],
    scopes: ['openid'],
    firstParty: true,
  },
} as const;

const workload = (sessions = true) =>
  service({
    ...gatewayInput(),
    oauth: settings.parse({ clients }),
    ...(sessions && { sessions: { name: 'sessions', url: 'http://sessions:8200' } }),
  });

const configOf = ({ files }: ReturnType<typeof workload>) =>
  readConfig(files['oauth.json'] as string);

describe('the service', () => {
  test('says what its program reads, with owner as admin and user as member', () => {
    const config = configOf(workload());
    expect(config.issuer).toBe('https://example.org/oauth');
    expect(config.sessions).toBe('http://sessions:8200');
    expect(config.clients.map(({ id, secret, acts }) => [id, secret, acts])).toEqual([
      ['shop', 'CLIENT_SECRET_SHOP', undefined],
      ['night-job', 'CLIENT_SECRET_NIGHT_JOB', { tenant: 'acme', role: 'admin' }],
      ['app', undefined, undefined],
    ]);
  });

  test('names secrets and holds none, and waits for sessions where there are some', () => {
    const { secrets, needs, files } = workload();
    expect(secrets).toMatchObject({
      CLIENT_SECRET_SHOP: { config: 'shop-secret' },
      CLIENT_SECRET_NIGHT_JOB: { config: 'job-secret' },
    });
    expect(JSON.stringify(files)).not.toContain('-secret');
    expect(needs).toEqual(['database', 'redis', 'sessions']);
    const alone = workload(false);
    expect([alone.needs, configOf(alone).sessions]).toEqual([['database', 'redis'], undefined]);
  });

  test('has routes that the gateway serves, with the tighter limit where secrets are tried', () => {
    const made = workload();
    expect(gatewayProblems(gatewayInput(), [made])).toEqual([]);
    expect(
      Object.values(made.routes).map(({ path, access, strict }) => [path, access, strict]),
    ).toEqual([
      ['/oauth/', 'public', true],
      ['/.well-known/openid-configuration', 'public', undefined],
      ['/.well-known/oauth-authorization-server', 'public', undefined],
      ['/.well-known/oauth-authorization-server/oauth', 'public', undefined],
    ]);
  });
});

describe('the settings', () => {
  const refused = (client: object): string[] => {
    const { error } = settings.safeParse({ clients: { one: client } });
    return (error?.issues ?? []).map((issue) =>
      [...issue.path.slice(2), issue.code === 'custom' ? issue.params?.reason : ''].join(': '),
    );
  };
  const code = { grants: ['authorization_code'], scopes: ['openid'] };

  test('take each of the clients above', () => {
    expect(settings.safeParse({ clients }).error).toBeUndefined();
  });

  test.each([
    'http://example.org/back',
    'https://example.org/*',
    'https://example.org/#part',
    'https://ann@example.org/',
    'https://example.org/"><script>',
    'https://example.org/;script-src',
    'javascript:alert(1)',
    'javascript:alert(1)//.org:/',
    'data:text/html,x',
    'app:/back',
    'http://127.0.0.1.example.org/',
    'http://127.0.0.1@example.org/',
    'https:example.org',
    '/back',
    '',
  ])('refuse to lead people back to %j', (uri) => {
    expect(settings.safeParse({ clients: { one: { ...code, redirectUris: [uri] } } }).success).toBe(
      false,
    );
  });

  test.each<[object, string]>([
    [{ grants: ['client_credentials'], scopes: ['openid'], tenant: 'acme' }, 'secret: is missing'],
    [{ grants: ['client_credentials'], scopes: ['openid'], secret: 's' }, 'tenant: is missing'],
    [{ ...code }, 'redirectUris: names no address'],
    [{ ...code, redirectUris: ['https://a.test/'], tenant: 'acme' }, 'tenant: is given'],
    [
      { grants: ['password'], scopes: ['openid'], redirectUris: [] },
      "grants: has password, which would show people's passwords",
    ],
    [
      {
        grants: ['password'],
        scopes: ['openid'],
        firstParty: true,
        redirectUris: ['https://a.b/'],
      },
      'redirectUris: is given',
    ],
    [
      {
        grants: ['client_credentials', 'refresh_token'],
        scopes: ['openid'],
        secret: 's',
        tenant: 'a',
      },
      'grants: has refresh_token',
    ],
  ])('refuse %j', (client, reason) => {
    expect(refused(client)).toEqual([expect.stringContaining(reason)]);
  });

  test('do not show what stands where the name of a secret belongs', () => {
    const pasted = 'p4sted secret!';
    const { error } = settings.safeParse({
      clients: { one: { ...code, redirectUris: ['https://a.test/'], secret: pasted } },
    });
    expect(error).toBeDefined();
    expect(JSON.stringify(error?.issues)).not.toContain(pasted);
  });

  test.each(['graphql:admin', 'graphql', '*', 'offline_access'])('refuse the scope %s', (scope) => {
    expect(refused({ ...code, redirectUris: ['https://a.test/'], scopes: [scope] })).toHaveLength(
      1,
    );
  });
});

describe('the keys', () => {
  const secret = 'ab'.repeat(32);

  test('are the same for each replica, and others for another platform', async () => {
    const [one, again, other] = await Promise.all([
      signingKey(secret),
      signingKey(secret),
      signingKey('cd'.repeat(32)),
    ]);
    expect(one).toEqual(again);
    expect(other.x).not.toBe(one.x);
    // Known by heart: another derivation would end every ID token that is out.
    expect(one.kid).toBe(knownKid);
    expect(cookieKey(secret)).not.toBe(cookieKey('cd'.repeat(32)));
  });

  test('sign what their public half verifies', async () => {
    const key = await signingKey(secret);
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .sign(await importJWK(key, 'ES256'));
    const { d: _, ...open } = key;
    await expect(jwtVerify(token, await importJWK(open, 'ES256'))).resolves.toBeDefined();
  });

  test('clients are users of their own, with ids that are UUIDs', () => {
    const ids = ['a', 'b'].map((id) => machineUser(secret, id));
    expect(new Set([...ids, machineUser('cd'.repeat(32), 'a')]).size).toBe(3);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('need 64 hex digits', async () => {
    await expect(signingKey('short')).rejects.toThrow('64 hex digits');
  });
});

describe('the pages', () => {
  test('show text as text, and have a policy for their one style', () => {
    const attack = `<script>alert("1")</script>'&`;
    const page = signInPage({ client: attack, email: attack, wrong: attack, askCode: true });
    expect(page + sentencePage(attack, attack)).not.toContain('<script');
    expect(policy()).toMatch(/style-src 'sha256-[\w+/=]+'/);
    expect(policy('https://a.test')).toContain("form-action 'self' https://a.test;");
  });
});

const knownKid = 'azNQeWznGBFwPGizFiOU_XCORnzU-adYUC5MUBON1s8';
