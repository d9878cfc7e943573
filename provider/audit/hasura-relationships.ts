import { z } from 'zod';
import { type Finding, findingsOf, step } from './finding';

const finding = findingsOf(14);

const list = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const mapping = z.record(z.string(), z.string());

const relationship = z.object({
  name: z.string(),
  using: z.object({
    foreign_key_constraint_on: z
      .union([
        list,
        z
          .object({ column: z.string().optional(), columns: list.optional() })
          .transform(({ column, columns }) => columns ?? (column === undefined ? [] : [column])),
      ])
      .optional(),
    manual_configuration: z.object({ column_mapping: mapping }).optional(),
  }),
});

const remote = z.object({
  name: z.string(),
  definition: z.object({ to_source: z.object({ field_mapping: mapping }).optional() }),
});

interface Related {
  readonly object_relationships: readonly unknown[];
  readonly array_relationships: readonly unknown[];
  readonly remote_relationships: readonly unknown[];
}

/** 14: what leads from a row to other rows leads to rows of the same tenant. */
export function relationshipProblems(table: string, related: Related): Finding[] {
  const local = [...related.object_relationships, ...related.array_relationships].filter(
    (one) => !carriesTenant(one),
  );
  const distant = related.remote_relationships.filter((one) => {
    const { data } = remote.safeParse(one);
    return (
      data?.definition.to_source &&
      data.definition.to_source.field_mapping.tenant_id !== 'tenant_id'
    );
  });
  return [...local, ...distant].map((one) => {
    const name = z.object({ name: z.string() }).safeParse(one).data?.name ?? 'without a name';
    return finding(
      'hasura-relationship',
      table,
      `relationship ${name} joins without tenant_id: what it leads to is found in every tenant`,
      step(`${table}, relationship ${name}: join by tenant_id → tenant_id and the key`),
    );
  });
}

/** One that cannot be read is one that cannot be vouched for. */
function carriesTenant(one: unknown): boolean {
  const { data } = relationship.safeParse(one);
  if (!data) return false;
  const { foreign_key_constraint_on: columns, manual_configuration: manual } = data.using;
  return manual
    ? manual.column_mapping.tenant_id === 'tenant_id'
    : columns?.includes('tenant_id') === true;
}
