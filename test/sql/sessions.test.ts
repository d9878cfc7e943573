import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPlatform } from './support/platform';
import { startServer, type Server } from './support/server';

interface Entered {
  readonly user_id: string;
  readonly admitted: boolean;
}

interface Entering {
  readonly provider?: string;
  readonly signIn?: string;
  readonly begins?: boolean;
  readonly client?: Client;
}

describe('who is signed in, as the database knows it', () => {
  let server: Server;
  let admin: Client;
  let sessions: Client;

  beforeAll(async () => {
    server = await startServer();
    const first = await server.connect('postgres', 'postgres');
    await first.query('create database strata');
    await installPlatform(server, 'strata');
    admin = await server.connect('postgres', 'strata');
    sessions = await server.connect('strata_sessions', 'strata');
  });
  afterAll(() => server.stop());

  let numbers = 0;
  const address = (): string => `person-${String((numbers += 1))}@example.org`;
  async function enter(
    subject: string,
    email: string,
    proven: boolean,
    { provider = 'gotrue', signIn = randomUUID(), begins = true, client = sessions }: Entering = {},
  ): Promise<Entered> {
    const { rows } = await client.query<Entered>(
      'select user_id, admitted from tenancy.enter($1, $2, $3, $4, $5, $6, 30)',
      [provider, subject, signIn, begins, email, proven],
    );
    const [row] = rows;
    if (!row) throw new Error('nobody entered');
    return row;
  }
  async function user(handle: string, tenant = false): Promise<string> {
    const { rows } = await admin.query<{ id: string }>(
      'insert into registry.users (handle) values ($1) returning id',
      [handle],
    );
    const id = rows[0]?.id ?? '';
    if (tenant) await join(id);
    return id;
  }
  const join = (id: string) =>
    admin.query(
      `with t as (insert into registry.tenants (slug, name) values ($2, $2) returning id)
       insert into registry.members select t.id, $1, 'admin' from t`,
      [id, `t-${id}`.slice(0, 30)],
    );
  async function handleOf(id: string): Promise<string | undefined> {
    const { rows } = await admin.query<{ handle: string }>(
      'select handle from registry.users where id = $1',
      [id],
    );
    return rows[0]?.handle;
  }

  test('a person whose address is proven becomes the user of that handle, and stays it', async () => {
    const [subject, email] = [randomUUID(), address()];
    const id = await user(email, true);
    expect((await enter(subject, email, true)).user_id).toBe(id);
    // Whatever the address becomes at the auth service.
    expect((await enter(subject, address(), true)).user_id).toBe(id);
    expect((await enter(subject, '', false)).user_id).toBe(id);
  });

  test('without a user of that handle a new one is made, with the person’s id', async () => {
    const [subject, email] = [randomUUID(), address()];
    expect((await enter(subject, email, true)).user_id).toBe(subject);
    expect(await handleOf(subject)).toBe(email);
  });

  describe('nobody takes a user over', () => {
    test('by an address that he has not proven', async () => {
      const [subject, email] = [randomUUID(), address()];
      const id = await user(email, true);
      expect((await enter(subject, email, false)).user_id).toBe(subject);
      expect([await handleOf(subject), await handleOf(id)]).toEqual([subject, email]);
    });

    test('by signing up first with an address that is not proven, before its owner is made a member', async () => {
      const [thief, owner, email] = [randomUUID(), randomUUID(), address()];
      const taken = (await enter(thief, email, false)).user_id;
      const id = await user(email, true);
      expect((await enter(thief, email, false)).user_id).toBe(taken);
      expect((await enter(owner, email, true)).user_id).toBe(id);
      expect(taken).not.toBe(id);
    });

    test('by the address of somebody who has signed in already', async () => {
      const [first, second, email] = [randomUUID(), randomUUID(), address()];
      const id = await user(email, true);
      await enter(first, email, true);
      for (const provider of ['gotrue', 'hasura-auth']) {
        const other = await enter(second, email, true, { provider });
        expect(other.user_id).not.toBe(id);
        expect(await handleOf(other.user_id)).toBe(other.user_id);
      }
    });

    test.each([
      (email: string) => email.toUpperCase(),
      (email: string) => ` ${email}`,
      (email: string) => `${email}\n`,
      (email: string) => email.replace('e', 'е'),
      (email: string) => email.replace('@', '+x@'),
    ])('by an address that looks alike (%#)', async (alike) => {
      const email = address();
      const id = await user(email, true);
      expect((await enter(randomUUID(), alike(email), true)).user_id).not.toBe(id);
    });

    test('by a handle that is no address', async () => {
      const id = await user('ops', true);
      expect((await enter(randomUUID(), 'ops', true)).user_id).not.toBe(id);
    });

    test('by an id at the auth service that is another user’s here', async () => {
      const id = await user(address(), true);
      const entered = await enter(id, address(), true);
      expect(entered.user_id).not.toBe(id);
    });

    test('by the handle of somebody who has proven nothing, which is an id', async () => {
      const [subject, thief] = [randomUUID(), randomUUID()];
      await enter(subject, address(), false);
      expect((await enter(thief, subject, true)).user_id).toBe(thief);
    });

    test('in a race of two people with one address', async () => {
      const email = address();
      const id = await user(email, true);
      const clients = await Promise.all(
        Array.from({ length: 4 }, () => server.connect('strata_sessions', 'strata')),
      );
      const entered = await Promise.all(
        clients.map((client) => enter(randomUUID(), email, true, { client })),
      );
      await Promise.all(clients.map((client) => client.end()));
      expect(entered.filter(({ user_id }) => user_id === id)).toHaveLength(1);
      expect(new Set(entered.map(({ user_id }) => user_id)).size).toBe(4);
    });
  });

  describe('who proves his address later', () => {
    test('gets it as his handle', async () => {
      const [subject, email] = [randomUUID(), address()];
      await enter(subject, email, false);
      expect((await enter(subject, email, true)).user_id).toBe(subject);
      expect(await handleOf(subject)).toBe(email);
    });

    test('becomes the user of that handle, unless he is a member as whom he was', async () => {
      for (const member of [false, true]) {
        const [subject, email] = [randomUUID(), address()];
        await enter(subject, email, false);
        if (member) await join(subject);
        const id = await user(email, true);
        expect((await enter(subject, email, true)).user_id).toBe(member ? subject : id);
        expect(await handleOf(subject)).toBe(member ? subject : undefined);
      }
    });
  });

  describe('a sign-in', () => {
    test('that was ended admits nobody, and no other is touched', async () => {
      const [subject, ended, other] = [randomUUID(), randomUUID(), randomUUID()];
      for (const signIn of [ended, other]) await enter(subject, address(), true, { signIn });
      await sessions.query('select tenancy.revoke_sign_in($1, $2, $3, $4)', [
        'gotrue',
        subject,
        ended,
        randomUUID(),
      ]);
      for (const begins of [true, false]) {
        expect((await enter(subject, '', false, { signIn: ended, begins })).admitted).toBe(false);
      }
      expect((await enter(subject, '', false, { signIn: other, begins: false })).admitted).toBe(
        true,
      );
    });

    test('from before a revocation of the user admits nobody, nor one that nobody wrote down', async () => {
      const [subject, before] = [randomUUID(), randomUUID()];
      const { user_id } = await enter(subject, address(), true, { signIn: before });
      const admits = async (signIn: string, begins: boolean): Promise<boolean> =>
        (await enter(subject, '', false, { signIn, begins })).admitted;
      // From before this service was there.
      expect(await admits(randomUUID(), false)).toBe(true);
      await sessions.query('select tenancy.revoke_user($1)', [user_id]);
      expect([await admits(before, false), await admits(randomUUID(), false)]).toEqual([
        false,
        false,
      ]);
      expect(await admits(before, true)).toBe(false);
      const after = randomUUID();
      expect([await admits(after, true), await admits(after, false)]).toEqual([true, true]);
    });
  });

  test.each([
    'strata_authenticator',
    'strata_hasura',
    'strata_app',
    'strata_auditor',
    'strata_guard',
    'strata_dispatcher',
    'strata_pooler',
    'strata_monitor',
  ])('%s asks and revokes nothing, and sees no row', async (login) => {
    const client = await server.connect(login, 'strata');
    const id = randomUUID();
    const asked = [
      `select * from tenancy.enter('gotrue', '${id}', '${id}', true, 'a@b.c', true, 1)`,
      `select * from tenancy.memberships('${id}')`,
      `select tenancy.who_is('gotrue', '${id}')`,
      `select tenancy.link('gotrue', '${id}', 'a@b.c', true)`,
      `select tenancy.revoke_user('${id}')`,
      `select tenancy.revoke_sign_in('gotrue', '${id}', '${id}', '${id}')`,
      `select tenancy.revoke_names(array['${id}'::uuid], now())`,
      ...['identities', 'sign_ins', 'revocations'].map((name) => `select * from registry.${name}`),
      ...(login === 'strata_guard' ? [] : ['select * from tenancy.revocations()']),
    ];
    for (const statement of asked) {
      await expect(client.query(statement), statement).rejects.toMatchObject({ code: '42501' });
    }
    await client.end();
  });

  test('the service itself reads no table, and becomes nobody', async () => {
    for (const statement of [
      ...['identities', 'sign_ins', 'revocations', 'users', 'members', 'tenants', 'api_keys'].map(
        (name) => `select * from registry.${name}`,
      ),
      'select * from tenancy.revocations()',
      "select tenancy.link('gotrue', gen_random_uuid(), 'a@b.c', true)",
      "select tenancy.revoke_names('{}', now())",
      'set role strata_owner',
      'set role strata_tenant',
      'select * from app.notes',
    ]) {
      await expect(sessions.query(statement), statement).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:42501|42P01)$/) as unknown,
      });
    }
  });

  test('the owner sees none of it in a session of somebody else', async () => {
    const client = await server.connect('strata_migrator', 'strata');
    await client.query('set role strata_owner');
    expect((await client.query('select from registry.sign_ins')).rowCount).toBe(0);
    await client.end();
  });
});
