import type { Catalogue, Policy, Relation } from './catalogue';
import { type Finding, findingsOf, sql } from './finding';
import { clientsOf, tenantOf, tenantTables } from './names';
import { hasuraQuery, keepsRole, ofMember } from './policies';
import { demands, withoutBranch } from './predicate';

const finding = findingsOf(3);

const commands = { SELECT: 'r', INSERT: 'a', UPDATE: 'w', DELETE: 'd' } as const;
type Command = keyof typeof commands;

/** 3: whatever a role may do with a table of tenants, a policy permits and a restrictive floor bounds. */
export function floors(catalogue: Catalogue): Finding[] {
  return tenantTables(catalogue).flatMap((table) =>
    clientsOf(table).flatMap((role) =>
      granted(table, role).flatMap((command) => [
        ...permitted(table, role, command),
        ...bounded(table, role, command),
        ...locked(table, role, command),
      ]),
    ),
  );
}

function granted({ grants }: Relation, role: string): Command[] {
  const held = new Set(
    grants.filter((grant) => grant.role === role).map((grant) => grant.privilege),
  );
  return (Object.keys(commands) as Command[]).filter((command) => held.has(command));
}

function permitted(table: Relation, role: string, command: Command): Finding[] {
  if (policiesOf(table, role, command, true).length > 0) return [];
  return [
    finding(
      'grant-without-policy',
      table.ref,
      `${role} may ${command.toLowerCase()} and no policy says which rows: the next policy that anybody adds decides it unseen`,
      sql(`revoke ${command.toLowerCase()} on ${table.ref} from ${role}`),
    ),
  ];
}

function bounded(table: Relation, role: string, command: Command): Finding[] {
  const floor = policiesOf(table, role, command, false).some((policy) =>
    conditionsOf(policy, command).every(
      (condition) => keepsRole(table, policy, condition) && knowsRole(policy, condition),
    ),
  );
  if (floor) return [];
  const [name, text] = wantedFloor(role, command);
  return [
    finding(
      'floor-missing',
      table.ref,
      `no restrictive policy keeps ${role} to its own tenant, as a member, when it may ${command.toLowerCase()}: one careless policy opens every row`,
      sql(
        `drop policy if exists ${name} on ${table.ref}; create policy ${name} on ${table.ref} as restrictive ${text}`,
      ),
    ),
  ];
}

/** In a schema of one tenant there is a second lock, which no claim opens: the tenant's id as a constant. */
function locked(table: Relation, role: string, command: Command): Finding[] {
  const own = tenantOf(table.schema);
  if (own === undefined) return [];
  const constant = `tenant_id = '${own}'::uuid`;
  const lock = policiesOf(table, role, command, false).some((policy) =>
    conditionsOf(policy, command).every((condition) =>
      demands(condition, (leaf) => leaf === constant),
    ),
  );
  if (lock) return [];
  return [
    finding(
      'lock-missing',
      table.ref,
      `no restrictive policy keeps ${role} to the tenant of this schema when it may ${command.toLowerCase()}: a wrong claim alone would open it`,
      sql(
        `drop policy if exists tenant_lock on ${table.ref}; create policy tenant_lock on ${table.ref} as restrictive to ${role} ` +
          `using (${constant}) with check (${constant})`,
      ),
    ),
  ];
}

function policiesOf(
  { policies }: Relation,
  role: string,
  command: Command,
  permissive: boolean,
): Policy[] {
  return policies.filter(
    (policy) =>
      policy.permissive === permissive &&
      (policy.command === '*' || policy.command === commands[command]) &&
      (policy.roles.includes(role) || (!permissive && policy.roles.includes('public'))),
  );
}

/** The conditions that a policy puts on a command; without a check of its own, using is both. */
function conditionsOf({ using, check }: Policy, command: Command): (string | null)[] {
  switch (command) {
    case 'SELECT':
    case 'DELETE':
      return [using];
    case 'INSERT':
      return [check ?? using];
    case 'UPDATE':
      return [using, check ?? using];
  }
}

function knowsRole({ command, roles }: Policy, condition: string | null): boolean {
  const hasura = command === 'r' && roles.every((role) => role === 'strata_hasura');
  const rest = hasura ? withoutBranch(condition, 'NOT tenancy.has_claims()') : null;
  return demands(
    rest ?? condition,
    (leaf) =>
      /^tenancy\.is_tenant_(?:member|admin)\(\)$/.test(leaf) ||
      /^tenant_id = tenancy\.(?:member|admin)_tenant_id\(\)$/.test(leaf),
  );
}

function wantedFloor(role: string, command: Command): [name: string, text: string] {
  if (role !== 'strata_hasura') {
    return ['tenant_floor', `to ${role} using (${ofMember}) with check (${ofMember})`];
  }
  switch (command) {
    case 'SELECT':
      return ['hasura_floor_read', `for select to ${role} using (${hasuraQuery} or ${ofMember})`];
    case 'INSERT':
      return ['hasura_floor_insert', `for insert to ${role} with check (${ofMember})`];
    case 'UPDATE':
      return [
        'hasura_floor_update',
        `for update to ${role} using (${ofMember}) with check (${ofMember})`,
      ];
    case 'DELETE':
      return ['hasura_floor_delete', `for delete to ${role} using (${ofMember})`];
  }
}
