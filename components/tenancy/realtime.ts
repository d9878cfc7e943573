import type { ChannelRules, RowRule, Rule, TenancyDeclaration } from './declaration';
import { byName, roleOf } from './rules';
import type { TableFence } from './statements';

/** What the service `realtime` has to know of a declaration. */
export interface RealtimeRules {
  /** Table whose changes are told (`app.notes`) → who reads its rows. */
  readonly tables: Readonly<Record<string, Rule<RowRule>>>;
  /** Pattern of channels → who uses them. */
  readonly channels: Readonly<Record<string, ChannelRules>>;
}

/** Sorted: the order in which a declaration is written means nothing. */
export function realtimeRules(declaration: TenancyDeclaration): RealtimeRules {
  return {
    tables: Object.fromEntries(told(declaration).map(([table, { read }]) => [table, read])),
    channels: Object.fromEntries(byName(declaration.channels ?? {})),
  };
}

/** Table whose changes are told → the trigger that enters them. */
export function realtimeTriggers(
  declaration: TenancyDeclaration,
): Readonly<Record<string, TableFence['triggers']>> {
  return Object.fromEntries(
    told(declaration).map(([table, { owner }]) => {
      const names = [table, ...(owner === undefined ? [] : [owner])];
      const values = names.map((name) => `'${name}'`).join(', ');
      return [
        table,
        {
          strata_realtime: `after insert or update or delete on TABLE for each row execute function realtime.record(${values})`,
        },
      ];
    }),
  );
}

function told({
  tables,
}: TenancyDeclaration): ReturnType<typeof byName<TenancyDeclaration['tables'][string]>> {
  return byName(tables).filter(([, { realtime, read }]) => realtime && roleOf(read) !== 'nobody');
}
