import { z } from 'zod';

const path = z.string().regex(/^\/(?![/\\])[\w./-]*$/, 'a path of this platform');

const check = z.discriminatedUnion('kind', [
  /** Healthy when it answers 2xx. */
  z.strictObject({ kind: z.literal('http'), url: z.url({ protocol: /^http$/ }) }),
  /** Healthy when something listens. */
  z.strictObject({ kind: z.literal('port'), host: z.string(), port: z.int().min(1).max(65_535) }),
  /** It listens nowhere. */
  z.strictObject({ kind: z.literal('none') }),
]);

const page = z.strictObject({ name: z.string(), path, about: z.string() });

const schema = z.strictObject({
  /** The host names by which operators come; every other one is refused. */
  hosts: z.array(z.string().min(1)).min(1),
  /** Requests in a minute of a tenant whose registry says nothing else. */
  requestsPerMinute: z.int().min(1),
  services: z.array(
    z.strictObject({
      name: z.string(),
      about: z.string(),
      replicas: z.int().min(0),
      check,
      /** Its page for operators. */
      page: path.optional(),
    }),
  ),
  /** Pages of others that show figures. */
  dashboards: z.array(page),
  /** Pages of others that show the database. */
  databaseTools: z.array(page),
});

/** The file `admin.json`: what is deployed, how to ask for its health, and where its pages are. */
export type AdminConfig = z.output<typeof schema>;

export type ListedService = AdminConfig['services'][number];

export type HealthCheck = ListedService['check'];

export type ToolPage = z.output<typeof page>;

/** Throws when the text is not what components/services/admin.ts writes. */
export function readConfig(text: string): AdminConfig {
  return schema.parse(JSON.parse(text));
}
