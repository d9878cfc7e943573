import type { TenancyDeclaration } from '../../../components/tenancy/declaration';
import type { TableFence } from '../../../components/tenancy/statements';
import { declaration } from './declared';

/** The declaration with one table's rules bent. */
export function bent(
  table: string,
  rules: Partial<TenancyDeclaration['tables'][string]>,
): TenancyDeclaration {
  const { [table]: before } = declaration.tables;
  if (!before) throw new Error(table);
  return { ...declaration, tables: { ...declaration.tables, [table]: { ...before, ...rules } } };
}

/** A fence with a part of it taken away or replaced. */
export function without(fences: TableFence[], policy: string): TableFence[] {
  return fences.map((fence) => ({
    ...fence,
    policies: Object.fromEntries(
      Object.entries(fence.policies).filter(([name]) => name !== policy),
    ),
  }));
}
