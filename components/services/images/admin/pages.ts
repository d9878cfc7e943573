import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Refusal } from '../shared/refusal';
import type { Catalogue } from './catalogue';
import type { AdminConfig, HealthCheck } from './config';
import type { Health } from './health';
import type { Html } from './html';
import { audit } from './pages/audit';
import { schema, schemas, tablePage } from './pages/database';
import { overview } from './pages/overview';
import { tenant, tenants } from './pages/tenants';
import { dashboards } from './pages/tools';
import { users } from './pages/users';
import { entries, listing, parts, schemaPage, slug, tableName } from './questions';
import type { ListedTenant, Registry } from './registry';

/** What pages are made from. */
export interface Sources {
  readonly config: AdminConfig;
  readonly registry: Registry;
  readonly catalogue: Catalogue;
  readonly health: (check: HealthCheck) => Promise<Health>;
  /** How the database is, as this program's own login sees it. */
  readonly databaseHealth: () => Promise<Health>;
}

type Page = (request: FastifyRequest, sources: Sources) => Promise<Html> | Html;

/** Path below `/admin/` → its page. */
export const pages: Readonly<Record<string, Page>> = {
  '': async (_request, { config, health, databaseHealth }) => {
    const [database, ...seen] = await Promise.all([
      databaseHealth(),
      ...config.services.map(async (service) => ({
        service,
        health: await health(service.check),
      })),
    ]);
    return overview(config, { database, seen });
  },
  tenants: async ({ query }, { registry, config: { requestsPerMinute } }) => {
    const asked = read(listing, query);
    const found = await registry.tenants(asked.search, asked.page);
    return tenants(found, { ...asked, requestsPerMinute });
  },
  'tenants/:slug': async ({ params, query }, { registry, config: { requestsPerMinute } }) => {
    const shown = await find((params as { slug: string }).slug, registry);
    const asked = read(parts, query);
    return tenant(shown, {
      members: await registry.members(shown.id, asked.members),
      membersPage: asked.members,
      keys: await registry.keys(shown.id, asked.keys),
      keysPage: asked.keys,
      entries: await registry.entries(shown.id),
      requestsPerMinute,
    });
  },
  users: async ({ query }, { registry }) => {
    const asked = read(listing, query);
    return users(await registry.users(asked.search, asked.page), asked);
  },
  dashboards: (_request, { config }) => dashboards(config),
  database: async ({ query }, { catalogue, config }) => {
    const asked = read(listing, query);
    return schemas(await catalogue.schemas(asked.search, asked.page), config, asked);
  },
  'database/schema': async ({ query }, { catalogue }) => {
    const asked = read(schemaPage, query);
    return schema(asked.schema, await catalogue.tables(asked.schema, asked.page), asked);
  },
  'database/table': async ({ query }, { catalogue }) => {
    const asked = read(tableName, query);
    const found = await catalogue.table(asked.schema, asked.table);
    if (found === undefined) throw new Refusal(404, 'not_found', 'There is no such table.');
    return tablePage(asked.schema, found);
  },
  audit: async ({ query }, { registry }) => {
    const { tenant: of, at, id } = read(entries, query);
    const shown = of === '' ? undefined : await find(of, registry);
    const before = at !== undefined && id !== undefined ? { at, id } : undefined;
    const found = await registry.entries(shown?.id, before);
    return audit(found, { tenant: of, later: before !== undefined });
  },
};

async function find(given: string, registry: Registry): Promise<ListedTenant> {
  const { data } = slug.safeParse(given);
  const found = data === undefined ? undefined : await registry.tenant(data);
  if (found === undefined) throw new Refusal(404, 'not_found', 'There is no such tenant.');
  return found;
}

/** What the query asks for; a 400 that says what each word of it may be. */
function read<Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> {
  const { data, error } = schema.safeParse(query);
  if (data !== undefined) return data;
  const wrong = (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Refusal(
    400,
    'query_invalid',
    `The address says what is not allowed: ${wrong.join('; ')}.`,
  );
}
