import { Refusal } from './refusal';

/** A GraphQL request, as far as the guard reads it. */
export interface GraphqlRequest {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

const members: ReadonlySet<string> = new Set(['query', 'operationName', 'variables', 'extensions']);

const deepestJson = 64;

/** Names, other texts and brackets of a JSON text. */
const tokens = /("[^"\\]*(?:\\.[^"\\]*)*")\s*:|"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g;

/**
 * Reads a request's body. What is behind reads the same bytes by its own rules, so nothing passes that two readers may
 * read differently: text that is not UTF-8, a byte order mark, a name that stands twice in one object, members that
 * stand for a query without being one, lists of requests. Throws `Refusal` (400).
 */
export function readBody(bytes: Buffer): GraphqlRequest {
  return graphqlRequest(readJson(bytes));
}

/** JSON that every reader reads as the same. Throws `Refusal` (400). */
export function readJson(bytes: Buffer): unknown {
  const text = decode(bytes);
  const value = parseJson(text);
  refuseAmbiguity(text);
  return value;
}

/** A query with what belongs to it. Throws `Refusal` (400). */
export function graphqlRequest(body: unknown): GraphqlRequest {
  if (Array.isArray(body)) throw invalid('one request holds one operation: batches are refused');
  if (!isObject(body)) throw invalid('the body is no JSON object');
  for (const name of Object.keys(body)) {
    if (!members.has(name)) {
      throw invalid('the body holds query, operationName, variables and extensions, nothing else');
    }
  }
  const { query, operationName, variables, extensions } = body;
  if (extensions !== undefined && extensions !== null && !isObject(extensions)) {
    throw invalid('extensions is no object');
  }
  if (isObject(extensions) && 'persistedQuery' in extensions) {
    throw invalid('persisted queries are not supported: send the query');
  }
  if (typeof query !== 'string' || query === '') throw invalid('query is no text');
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    throw invalid('operationName is no text');
  }
  if (variables !== undefined && variables !== null && !isObject(variables)) {
    throw invalid('variables is no object');
  }
  return { query, operationName: operationName ?? undefined, variables: variables ?? {} };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid('the body is not UTF-8');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('the body is no JSON');
  }
}

/** Of a text that is JSON: refuses names that stand twice in one object, and nesting that readers end at. */
function refuseAmbiguity(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (const [token, key] of text.matchAll(tokens)) {
    if (key !== undefined) {
      const names = open.at(-1);
      const name = JSON.parse(key) as string;
      if (names?.has(name)) throw invalid('a name stands twice in one object of the body');
      names?.add(name);
    } else if (token === '{' || token === '[') {
      if (open.push(token === '{' ? new Set() : undefined) > deepestJson) {
        throw invalid(`the body nests more than ${deepestJson} levels`);
      }
    } else if (token === '}' || token === ']') open.pop();
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'body_invalid', message);
}
