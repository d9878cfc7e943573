import { z } from 'zod';

const bytes = z.int().min(1);
const seconds = z.int().min(1);

/** What the service is told, apart from secrets: the variable STORAGE_RULES, as JSON. */
const rules = z.strictObject({
  /** Where clients reach the platform and its public files, without a slash at the end. */
  publicUrl: z.url(),
  cdnUrl: z.url(),
  /** Such as `image/png` or `image/*`. */
  mimeTypes: z.array(z.string()),
  limits: z.strictObject({
    fileBytes: bytes,
    tenantBytes: bytes,
    tenantFiles: z.int().min(1),
    userBytes: bytes,
    userFiles: z.int().min(1),
  }),
  /** How long an upload may take. */
  uploadSeconds: seconds,
  /** Pauses between looking for what was never finished, and between comparing rows with objects. */
  sweepSeconds: seconds,
  reconcileSeconds: seconds,
  /** Where clamd listens, and how long it may take for one file; nothing is searched when not given. */
  scanner: z.strictObject({ host: z.string(), port: z.int(), seconds }).optional(),
  store: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('garage'),
      endpoint: z.url(),
      adminEndpoint: z.url(),
      region: z.string(),
    }),
    z.strictObject({
      kind: z.literal('s3'),
      /** AWS itself when not given. */
      endpoint: z.url().optional(),
      region: z.string(),
      /** In the file that S3_BUCKET_FILE names when not given. */
      bucket: z.string().optional(),
      pathStyle: z.boolean(),
    }),
  ]),
});

export type Rules = z.output<typeof rules>;

/** Throws when the text is not what the catalogue writes. */
export function readRules(text: string): Rules {
  return rules.parse(JSON.parse(text));
}
