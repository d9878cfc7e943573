import { Client } from 'pg';
import { inject } from 'vitest';
import { token, type Subject } from '../../support/forge';
import { Platform, type Ports } from './platform';
import type { Deployed } from './setup';

export type Member = 'ann' | 'bob' | 'gus' | 'hal';

/** The one platform, and tokens of its members as the platform itself would issue them. */
export interface Scene extends Deployed {
  readonly platform: Platform;
  readonly members: Readonly<Record<Member, Subject>>;
  tokenOf(member: Member): string;
}

const deployed = inject('deployed');

/** For `describe.skipIf`: the reason was printed when the tests began. */
export const absent = deployed === undefined;

/**
 * Looks the members up; only where there is a platform. It is as it was set up at first, or as `config` says by its ports,
 * whatever other tests have left.
 */
export async function openScene(
  config: (ports: Ports) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<Scene> {
  if (!deployed) throw new Error('there is no platform: these tests are skipped');
  const platform = Platform.of(deployed.folder, deployed.ports);
  await platform.settle(config(deployed.ports));
  const members = await readMembers(deployed);
  return {
    ...deployed,
    platform,
    members,
    tokenOf: (member) => token(deployed.outputs.jwt, members[member]),
  };
}

/** Asks the database as a login role, past all services. */
export async function database<T extends object>(
  { outputs }: Pick<Deployed, 'outputs'>,
  role: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<T[]> {
  const url = new URL(outputs.databases[role] ?? '');
  url.searchParams.set('sslmode', 'no-verify');
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    if (role === 'strata_migrator') await client.query('set role strata_maintenance');
    return (await client.query<T>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}

async function readMembers(from: Deployed): Promise<Record<Member, Subject>> {
  const rows = await database<{ handle: Member; user_id: string; tenant_id: string; role: string }>(
    from,
    'strata_migrator',
    `select u.handle, m.user_id, m.tenant_id, m.role
     from registry.members m join registry.users u on u.id = m.user_id`,
  );
  const subjects = rows.map(({ handle, user_id, tenant_id, role }) => {
    return [handle, { userId: user_id, tenantId: tenant_id, role: `tenant_${role}` }];
  });
  return Object.fromEntries(subjects) as Record<Member, Subject>;
}
