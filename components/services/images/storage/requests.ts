import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Rules } from './rules';
import type { FileRow, NewFile, Position } from './files';
import { nameProblem } from './names';
import { Refusal } from '../shared/refusal';
import { notFound } from './refusal';
import { allows } from './sniff';

/** What callers write, checked: everything that is wrong is said at once. */

const mimePattern = /^[a-z0-9][a-z0-9.+-]{0,62}\/[a-z0-9][a-z0-9.+-]{0,62}$/;

const newFile = z.strictObject({
  name: z.string().superRefine((name, context) => {
    const problem = nameProblem(name);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  }),
  mimeType: z
    .string()
    .regex(mimePattern, 'a type such as image/png, in lower case, without parameters'),
  size: z.int('bytes, as a whole number').min(0),
  visibility: z.enum(['private', 'tenant', 'public']).default('private'),
});

export function readNewFile(body: unknown, rules: Rules): NewFile {
  const file = parse(newFile, body);
  if (!allows(rules.mimeTypes, file.mimeType)) {
    throw new Refusal(
      415,
      'content_type_refused',
      `files of the type ${file.mimeType} are not taken; allowed: ${rules.mimeTypes.join(', ')}`,
    );
  }
  if (file.size > rules.limits.fileBytes) {
    throw new Refusal(
      413,
      'file_too_large',
      `a file may have ${rules.limits.fileBytes} bytes at most`,
    );
  }
  return file;
}

const wholeNumber = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from ${from} to ${to}`)
    .transform(Number)
    .refine((value) => value >= from && value <= to, `a whole number from ${from} to ${to}`);

const page = z.strictObject({
  limit: wholeNumber(1, 100).optional(),
  after: z.string().max(200).optional(),
});

const position = z.tuple([z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/), z.uuid()]);

export function readPage(query: unknown): { limit: number; after: Position | undefined } {
  const { limit = 50, after } = parse(page, query);
  return { limit, after: after === undefined ? undefined : readCursor(after) };
}

export function cursor({ createdAt, id }: FileRow): string {
  return Buffer.from(JSON.stringify([createdAt, id])).toString('base64url');
}

function readCursor(text: string): Position {
  try {
    const [createdAt, id] = position.parse(
      JSON.parse(Buffer.from(text, 'base64url').toString('utf8')),
    );
    if (!isMoment(createdAt)) throw new Error('no such moment');
    return { createdAt, id };
  } catch {
    throw new Refusal(400, 'request_invalid', 'after: write what "next" of the page before said');
  }
}

/** Whether the database can read a time: JavaScript takes 30 February for 1 March, and knows a year 0. */
function isMoment(text: string): boolean {
  const milliseconds = text.replace(/\d{3}Z$/, 'Z');
  const time = Date.parse(milliseconds);
  if (Number.isNaN(time) || text.startsWith('0000')) return false;
  return new Date(time).toISOString() === milliseconds;
}

const link = z.strictObject({
  seconds: z.int().min(10).max(3600).default(300),
  inline: z.boolean().default(false),
});

export function readLink(body: unknown): z.output<typeof link> {
  return parse(link, body ?? {});
}

const downloadQuery = z.strictObject({ inline: z.enum(['true', 'false']).default('false') });

export function readInline(query: unknown): boolean {
  return parse(downloadQuery, query).inline === 'true';
}

export function readToken(query: unknown): string {
  return parse(z.strictObject({ token: z.string().min(1).max(2000) }), query).token;
}

/** The id in a path; what is no uuid is no file. */
export function readId({ params }: FastifyRequest): string {
  const { success, data } = z.object({ id: z.uuid() }).safeParse(params);
  if (!success) throw notFound();
  return data.id.toLowerCase();
}

function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const problems = error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the request'}: ${message}`,
  );
  throw new Refusal(400, 'request_invalid', problems.join('; '));
}
