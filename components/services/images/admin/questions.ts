import { z } from 'zod';

const number = z
  .string('may be given once')
  .regex(/^[1-9]\d{0,4}$/, 'a whole number from 1 to 99999')
  .transform(Number);

const page = number.default(1);

/** Control characters are in no name, and Postgres refuses the first of them. */
// eslint-disable-next-line no-control-regex
const printable = /^[^\u0000-\u001f\u007f]*$/;

const text = z
  .string('may be given once')
  .max(100, 'at most 100 characters')
  .regex(printable, 'no control characters');

/** A list that can be searched. */
export const listing = z.object({
  search: text.transform((given) => given.trim()).default(''),
  page,
});

/** The two lists of a tenant. */
export const parts = z.object({ members: page, keys: page });

const name = text.min(1, 'must be given');

export const schemaPage = z.object({ schema: name, page });

export const tableName = z.object({ schema: name, table: name });

/** A slug as the registry allows it. */
export const slug = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

/** The audit log: all of it or a tenant's, from the newest entry or from before one. */
export const entries = z.object({
  tenant: text.default(''),
  at: z
    .string('may be given once')
    .regex(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/,
      'a point in time as this page writes it',
    )
    .refine((given) => !Number.isNaN(Date.parse(given.replace('+00', 'Z'))), 'no point in time')
    .optional(),
  id: z.uuid('the id of an entry').optional(),
});
