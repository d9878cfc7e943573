import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Refusal } from '../shared/refusal';
import { clearedCookies } from './cookies';
import { asObject, asText, type Json, type Person, type Question } from './dialect';
import { innerOf } from './inner';
import { leave } from './leave';
import { requireNoForeignPage } from './origin';
import type { Outcome, Parts } from './parts';
import type { Membership } from './people';
import { cookiesAfter, refreshTokenOf, refreshUpstream, settlingOf } from './refresh';
import { parsed, type Settled } from './settle';
import { forwarded, type UpstreamAnswer } from './upstream';

type Answering = (request: FastifyRequest, parts: Parts) => Promise<Outcome>;

const email = z.string().min(3).max(320);
const redirectTo = z.url().max(2048).optional();
const credentials = { email, password: z.string().min(1).max(1024) };
const name = z.string().max(200).optional();

/** The platform's own paths, the same whichever auth service stands behind (row A30). */
export const contract: Readonly<Record<string, Answering>> = {
  'POST signup': async (request, parts) => {
    const given = bodyOf(request, z.strictObject({ ...credentials, name, redirectTo }), parts);
    return signedIn(request, parts.dialect.signUp(given), parts);
  },
  'POST login': async (request, parts) => {
    const given = bodyOf(request, z.strictObject(credentials), parts);
    return signedIn(request, parts.dialect.logIn(given), parts);
  },
  'POST refresh': async (request, parts) => {
    const inner = innerOf(request);
    requireNoForeignPage(request, inner.path, parts.config.origins);
    const kept = refreshTokenOf(request, inner, parts);
    const answer = await refreshUpstream(request, kept, parts);
    if (answer.status >= 400) {
      return { ...rejected(answer), cookies: kept?.fromCookie ? cookiesAfter(answer) : [] };
    }
    const found = parts.dialect.find(asObject(parsed(answer.body)) ?? {});
    if (!found) throw unexpected();
    const settling = await settlingOf(request, kept, false, parts);
    const settled = await parts.settler.settle(found, settling);
    parts.metrics.refreshed('refresh');
    return session(settled);
  },
  'POST logout': async (request, parts) => {
    const inner = innerOf(request);
    const all = z.looseObject({ all: z.boolean().optional() }).safeParse(inner.json);
    requireNoForeignPage(request, inner.path, parts.config.origins);
    if (!all.success) throw new Refusal(400, 'body_invalid', 'all is true or false');
    await leave(request, inner, all.data.all === true ? 'all' : 'one', parts);
    return { status: 200, cookies: clearedCookies, body: { signedOut: true } };
  },
  'POST reset': async (request, parts) => {
    const given = bodyOf(request, z.strictObject({ email, redirectTo }), parts);
    const { dialect, upstream } = parts;
    const answer = await upstream.question(dialect.reset(given), forwarded(request.headers));
    // Who has an account here is nobody else's business.
    if (answer.status === 429 || answer.status >= 500) return rejected(answer);
    return { status: 200, body: { sent: true } };
  },
  'GET me': async (request, parts) => {
    const { upstream, dialect, people, callers } = parts;
    const caller = await callers.required(request);
    const answer = await upstream.question(dialect.me, forwarded(request.headers, caller.token));
    if (answer.status >= 400) return rejected(answer);
    const person = dialect.personOf(parsed(answer.body));
    if (person?.id !== caller.claims.sub) throw unexpected();
    const userId = await people.whoIs(caller.claims.sub);
    const before = await callers.tenantBefore(request);
    const tenants = userId === undefined ? [] : await people.memberships(userId);
    const tenant = tenants.find(({ tenantId }) => tenantId === before);
    return { status: 200, body: { user: shown(userId, person), tenant: place(tenant) } };
  },
  'GET tenants': async (request, { people, callers }) => {
    const { claims } = await callers.required(request);
    const userId = await people.whoIs(claims.sub);
    const tenants = userId === undefined ? [] : await people.memberships(userId);
    return { status: 200, body: { tenants: tenants.map(place) } };
  },
  'POST switch': async (request, parts) => {
    const { tenant } = bodyOf(request, z.strictObject({ tenant: z.string().max(100) }), parts);
    const { claims, signIn } = await parts.callers.required(request);
    const settled = await parts.settler.change(claims, signIn, tenant);
    parts.metrics.refreshed('switch');
    return session(settled);
  },
};

function bodyOf<Schema extends z.ZodType>(
  request: FastifyRequest,
  schema: Schema,
  { config }: Parts,
): z.output<Schema> {
  const { path, json } = innerOf(request);
  requireNoForeignPage(request, path, config.origins);
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const wrong = error.issues.map(
    ({ path: at, message }) => `${at.join('.') || 'body'}: ${message}`,
  );
  throw new Refusal(400, 'body_invalid', wrong.join('; '));
}

async function signedIn(
  request: FastifyRequest,
  question: Question,
  parts: Parts,
): Promise<Outcome> {
  const { dialect, upstream, settler, metrics } = parts;
  const answer = await upstream.question(question, forwarded(request.headers));
  if (answer.status >= 400) {
    metrics.rejected('other');
    return rejected(answer);
  }
  const json = asObject(parsed(answer.body));
  if (!json) throw unexpected();
  const ticket = dialect.ticket(json);
  if (ticket !== undefined) return { status: 200, body: { pending: 'mfa', ticket } };
  const found = dialect.find(json);
  if (!found) return { status: 202, body: { pending: 'verification' } };
  const settled = await settler.settle(found, await settlingOf(request, undefined, true, parts));
  metrics.signedIn(settled.tenant !== undefined);
  return session(settled);
}

function session(settled: Settled): Outcome {
  const { token, expiresIn, refreshToken, tenant, userId, person, cookies } = settled;
  return {
    status: 200,
    cookies,
    body: {
      accessToken: token,
      expiresIn,
      ...(refreshToken !== undefined && { refreshToken }),
      ...(person && { user: shown(userId, person) }),
      tenant: place(tenant),
    },
  };
}

function shown(id: string | undefined, { email, verified, name }: Person): Json {
  return { id, email, emailVerified: verified, name };
}

function place(tenant: Membership | undefined): Json | null {
  if (!tenant) return null;
  const { tenantId: id, slug, name, role, active } = tenant;
  return { id, slug, name, role, active };
}

/** What the upstream refused, in our words' shape. */
function rejected({ status, body, headers }: UpstreamAnswer): Outcome {
  const said = asObject(parsed(body)) ?? {};
  const code = asText(said.error_code) ?? asText(said.error);
  const message = asText(said.message) ?? asText(said.msg) ?? asText(said.error_description);
  const after = headers['retry-after'];
  return {
    status,
    ...(after !== undefined && { headers: { 'retry-after': after } }),
    body: {
      error: {
        code: code !== undefined && /^[\w-]{1,64}$/.test(code) ? code : 'rejected',
        message: message ?? 'the auth service refused this',
      },
    },
  };
}

function unexpected(): Refusal {
  return new Refusal(502, 'upstream_invalid', 'the auth service answered with something else');
}
