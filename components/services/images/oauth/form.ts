import type { IncomingMessage } from 'node:http';
import { parse, type ParsedUrlQuery } from 'node:querystring';
import { Refusal } from '../shared/refusal';

const longest = 16 * 1024;

/** The fields of a form that was sent. Throws `Refusal` when it is none or longer than any of ours. */
export async function readForm(request: IncomingMessage): Promise<ParsedUrlQuery> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') {
    throw new Refusal(415, 'invalid_request', 'send application/x-www-form-urlencoded');
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longest) throw new Refusal(413, 'invalid_request', 'the form is too long');
    chunks.push(chunk);
  }
  return parse(Buffer.concat(chunks).toString());
}

/** A field that was sent once. */
export function field(form: ParsedUrlQuery, name: string): string | undefined {
  const { [name]: value } = form;
  return typeof value === 'string' ? value : undefined;
}
