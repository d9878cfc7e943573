import type { Table } from './figures';
import { audit, hold } from './tenancy/audit';
import { growth } from './tenancy/growth';
import { crowd, places } from './tenancy/places';
import { rls, type Scale } from './tenancy/rls';
import { roles } from './tenancy/roles';
import { inWorld, type World } from './tenancy/world';

const alone =
  (part: (world: World, scale: Scale) => Promise<Table>) =>
  (scale: Scale): Promise<Table> =>
    inWorld((world) => part(world, scale));

/** What of tenancy can be measured alone, by the name behind `--only`; each part in a Postgres of its own. */
const parts: Readonly<Record<string, (scale: Scale) => Promise<Table>>> = {
  rls: alone(rls),
  audit: alone(audit),
  hold: alone(hold),
  growth: alone(growth),
  roles: alone(roles),
  places,
  crowd,
};

const full: Scale = {
  size: { tenants: 1000, folders: 10, items: 1000 },
  turns: { rounds: 11, milliseconds: 300 },
  clients: [1, 16],
};
const quick: Scale = {
  size: { tenants: 100, folders: 10, items: 100 },
  turns: { rounds: 5, milliseconds: 100 },
  clients: [1, 16],
};

/** What was asked for behind `npm run bench -- tenancy`. */
interface Options {
  /** One part alone; without it all of them. */
  readonly only?: string | undefined;
  /** Fewer rows and rounds: for a look, not for figures. */
  readonly quick?: boolean;
}

/** What tenancy costs. Throws when there is no such part. */
export async function tenancy({ only, quick: look = false }: Options): Promise<Table> {
  let table: Table = {};
  for (const name of only === undefined ? Object.keys(parts) : [only]) {
    const part = parts[name];
    if (!part) {
      throw new Error(`There is no part "${name}" of tenancy: ${Object.keys(parts).join(', ')}`);
    }
    table = { ...table, ...(await part(look ? quick : full)) };
  }
  return table;
}
