import type { Catalogue, Routine } from './catalogue';
import { type Finding, findingsOf, sql } from './finding';
import { isTenantRole, isTenantSchema, platformSchemas } from './names';

const finding = findingsOf(9);

/** Functions of the platform that run as their owner and that requests may call. */
const forRequests: Readonly<Record<string, readonly string[]>> = {
  tenancy: ['api_keys', 'issue_api_key', 'revoke_api_key'],
  storage: ['active_tenant_slug'],
};

/** Who may call functions that run as their owner, in schemas whose rows are of all tenants. */
const callers: Readonly<Record<string, readonly string[]>> = {
  audit: ['strata_admin_page', 'strata_monitor', 'strata_maintenance', 'strata_auditor'],
  outbox: ['strata_dispatcher', 'strata_maintenance'],
  realtime: ['strata_realtime'],
  registry: ['strata_admin_page', 'strata_monitor', 'strata_maintenance'],
  strata: ['strata_migrator'],
};

/** 9: functions that run as their owner are pinned, closed to the public, and of an owner whom policies bind. */
export function routines(catalogue: Catalogue): Finding[] {
  return catalogue.routines.flatMap((routine) => [
    ...(routine.definer ? definer(routine) : []),
    ...everybody(routine),
    ...(routine.leakproof && !routine.ofExtension ? [leaky(routine)] : []),
    ...assumed(routine),
  ]);
}

function definer(routine: Routine): Finding[] {
  const { ref, owner, grants, schema } = routine;
  const findings: Finding[] = [];
  if (!pinned(routine)) {
    findings.push(
      finding(
        'definer-unpinned',
        ref,
        `it runs as ${owner} with the search_path of its caller, who can put tables and operators of his own into it`,
        sql(`alter routine ${ref} set search_path = ''`),
      ),
    );
  }
  const others = grants.filter(({ role }) => role !== 'strata_migrator');
  if (owner !== 'strata_owner' && (others.length > 0 || !['tenancy', 'strata'].includes(schema))) {
    findings.push(
      finding(
        'definer-owner',
        ref,
        `it runs as ${owner}, whom the policies may not bind as they bind strata_owner`,
        sql(`alter routine ${ref} owner to strata_owner`),
      ),
    );
  }
  return [
    ...findings,
    ...grants
      .filter((grant) => unexpected(routine, grant.role))
      .map(({ role }) =>
        finding(
          'definer-grant',
          ref,
          `${role} may call it, and it runs as ${owner}: what it reads is of every tenant`,
          sql(`revoke execute on routine ${ref} from ${role}`),
        ),
      ),
  ];
}

/** To no schema, or to schemas of the platform and the application, in which nobody else makes anything. */
function pinned({ settings }: Routine): boolean {
  const path = settings.find((setting) => setting.startsWith('search_path='));
  if (path === undefined) return false;
  const schemas = path
    .slice('search_path='.length)
    .split(',')
    .map((name) => name.trim().replaceAll('"', ''));
  return schemas.every(
    (name, place) =>
      name === '' ||
      name === 'pg_catalog' ||
      isTenantSchema(name) ||
      platformSchemas.has(name) ||
      (name === 'pg_temp' && place === schemas.length - 1),
  );
}

function unexpected({ schema, name }: Routine, role: string): boolean {
  if (role === 'public' || !platformSchemas.has(schema)) return false;
  const allowed = callers[schema];
  if (allowed) return !allowed.includes(role);
  const request = ['strata_tenant', 'strata_isolated', 'strata_anon', 'strata_hasura'].includes(
    role,
  );
  return (request || isTenantRole(role)) && forRequests[schema]?.includes(name) !== true;
}

function everybody({
  ref,
  grants,
  ofExtension,
  definer: runsAsOwner,
  isTrigger,
}: Routine): Finding[] {
  if (ofExtension && !runsAsOwner) return [];
  if (!grants.some(({ role }) => role === 'public')) return [];
  return [
    finding(
      'public-execute',
      ref,
      `everybody may ${isTrigger ? 'put it on a table of their own' : 'call it'}, strangers with a login among them`,
      sql(`revoke execute on routine ${ref} from public`),
    ),
  ];
}

function leaky({ ref }: Routine): Finding {
  return finding(
    'leakproof',
    ref,
    'it is marked LEAKPROOF, so Postgres gives it rows before the policies have spoken',
    sql(`alter routine ${ref} not leakproof`),
  );
}

/** Settings that say whom a session acts for, or take its triggers away. */
const acting =
  /^(role|session_authorization|session_replication_role|(?:app|request|hasura)\.\w+)=/;

/** A function can set them for as long as it runs, and whatever it calls then acts for somebody else. */
function assumed({ ref, settings }: Routine): Finding[] {
  const names = settings.flatMap((setting) => acting.exec(setting)?.[1] ?? []);
  return names.map((name) =>
    finding(
      'function-setting',
      ref,
      `it sets ${name} while it runs, so that what it does is done for another than the session`,
      sql(
        `alter routine ${ref} reset ${name
          .split('.')
          .map((part) => `"${part}"`)
          .join('.')}`,
      ),
    ),
  );
}
