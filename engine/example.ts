import { readMembers, type Membership } from './members';
import type { SecretOutputs } from './outputs';
import { sign } from './token';

/** What the example asks the GraphQL API: rows that differ from tenant to tenant. */
const exampleQuery = '{ notes { nodes { body } } }';

const minutes = 15;

/** A ready-to-paste request as one member. */
export interface Example {
  readonly tenant: string;
  readonly user: string;
  readonly role: string;
  readonly token: string;
  readonly curl: string;
}

/** The same query as the first member of each of the first two tenants; none without tenants or GraphQL. */
export async function examples(
  outputs: SecretOutputs,
  /** The file by which curl knows the gateway, where it needs one. */
  authority?: string,
): Promise<Example[]> {
  const url = outputs.databases.strata_migrator;
  const graphql = outputs.endpoints.graphql;
  if (url === undefined || graphql === undefined) return [];
  const chosen = firstOfEachTenant(await readMembers(url)).slice(0, 2);
  return Promise.all(chosen.map((member) => exampleFor(member, graphql, outputs, authority)));
}

async function exampleFor(
  member: Membership,
  graphql: string,
  { jwt }: SecretOutputs,
  authority: string | undefined,
): Promise<Example> {
  const token = await sign(member, jwt, minutes);
  const { tenant, user, role } = member;
  return { tenant, user, role, token, curl: curl(graphql, token, authority) };
}

function curl(url: string, token: string, authority: string | undefined): string {
  return [
    `curl -s ${authority === undefined ? '' : `--cacert ${authority} `}${url} \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -H 'Authorization: Bearer ${token}' \\`,
    `  -d '${JSON.stringify({ query: exampleQuery })}'`,
  ].join('\n');
}

function firstOfEachTenant(members: readonly Membership[]): Membership[] {
  const first = new Map<string, Membership>();
  for (const member of members) {
    if (!first.has(member.tenant)) first.set(member.tenant, member);
  }
  return [...first.values()];
}

/** The examples as a person reads and pastes them. */
export function renderExamples(list: readonly Example[]): string {
  return list
    .map(({ tenant, user, role, curl: command }, index) => {
      const heading = index === 0 ? 'Try it' : 'The same query, other rows';
      return `${heading}, as ${user} (${role} of ${tenant}), for ${String(minutes)} minutes:\n\n${command}\n`;
    })
    .join('\n');
}
