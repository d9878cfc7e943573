import type { Catalogue } from './catalogue';
import { type Finding, findingsOf, sql, step } from './finding';
import { isTenantSchema, platformSchemas, tenantTables } from './names';

const finding = findingsOf(13);

/** 13: rows leave by no other way than queries: no publication, slot or subscription, and Hasura's events are Hasura's. */
export function replication(catalogue: Catalogue): Finding[] {
  const { publications, slots, subscriptions, relations, schemas } = catalogue;
  const ours = new Set(
    relations
      .filter(({ schema }) => platformSchemas.has(schema) || isTenantSchema(schema))
      .map(({ ref }) => ref),
  );
  for (const { ref } of tenantTables(catalogue)) ours.add(ref);
  return [
    ...publications.flatMap(({ name, everything, tables }) => {
      const shown = tables.filter((table) => ours.has(table));
      if (!everything && shown.length === 0) return [];
      return [
        finding(
          'publication',
          `publication ${name}`,
          `it sends ${everything ? 'every table' : shown.join(', ')} to subscribers, whom no policy filters; deleted rows tell their keys`,
          sql(`drop publication ${name}`),
        ),
      ];
    }),
    ...tenantTables(catalogue)
      .filter(({ identity }) => identity === 'f')
      .map(({ ref }) =>
        finding(
          'replica-identity',
          ref,
          'its replica identity is FULL: whoever reads the log sees whole rows that were changed or deleted, past the policies',
          sql(`alter table ${ref} replica identity default`),
        ),
      ),
    ...slots.map((name) =>
      finding(
        'logical-slot',
        `slot ${name}`,
        'it decodes the rows of all tenants out of the log for whoever may read it',
        sql(`select pg_drop_replication_slot('${name.replaceAll("'", "''")}')`),
      ),
    ),
    ...subscriptions.map((name) =>
      finding(
        'subscription',
        `subscription ${name}`,
        'what it receives is written without the policies of the session that sent it',
        step(`drop subscription ${name}, outside of a transaction`),
      ),
    ),
    ...relations
      .filter(({ schema }) => schema === 'hdb_catalog')
      .flatMap(({ ref, grants }) =>
        [...new Set(grants.map(({ role }) => role))]
          .filter((role) => role !== 'strata_hasura')
          .map((role) =>
            finding(
              'event-log',
              ref,
              `${role} may reach Hasura's own records; its event log has whole rows of every tenant`,
              sql(`revoke all on ${ref} from ${role}`),
            ),
          ),
      ),
    ...schemas
      .filter(({ name }) => name === 'hdb_catalog')
      .flatMap(({ name, grants }) =>
        grants
          .filter(({ role }) => role !== 'strata_hasura')
          .map(({ role, privilege }) =>
            finding(
              'event-log',
              `schema ${name}`,
              `${role} may ${privilege.toLowerCase()} in Hasura's own schema, where whole rows of every tenant lie`,
              sql(`revoke ${privilege.toLowerCase()} on schema ${name} from ${role}`),
            ),
          ),
      ),
  ];
}
