import type { FastifyRequest } from 'fastify';
import { Refusal } from '../shared/refusal';
import { asObject, type Json } from './dialect';

/** A request as the upstream would see it: below `/auth`, or below `/auth/v1` for clients of Supabase. */
export interface Inner {
  readonly path: string;
  readonly query: URLSearchParams;
  /** The body where it is a JSON object; empty otherwise. */
  readonly json: Json;
}

export function innerOf(request: FastifyRequest): Inner {
  const url = request.raw.url ?? '';
  const [whole = ''] = url.split(/[?#]/, 1);
  const path = whole.replace(/^\/auth(?:\/v1)?(?=\/)/, '');
  if (!hasOneReading(path)) {
    throw new Refusal(400, 'odd_path', 'the path can be read in more than one way');
  }
  const query = new URLSearchParams(url.slice(whole.length + 1));
  query.delete('tenant');
  return { path: path.length > 1 ? path.replace(/\/$/, '') : path, query, json: jsonOf(request) };
}

export function header({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What is decided about must be what the upstream reads. */
function hasOneReading(path: string): boolean {
  return /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~:@+-]*)+$/.test(path) && !path.includes('//');
}

function jsonOf({ body, headers }: FastifyRequest): Json {
  if (!(body instanceof Buffer) || body.length === 0) return {};
  try {
    return asObject(JSON.parse(body.toString())) ?? {};
  } catch {
    // Only what says that it is JSON has to be.
    if (!(headers['content-type'] ?? '').includes('json')) return {};
    throw new Refusal(400, 'body_invalid', 'the body is no JSON');
  }
}
