import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { messageOf, UserError } from './errors';

const answerWithinMs = 30_000;

/** An index of several architectures first: its digest means the same image on each of them. */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** Docker Hub's API is not where its name says. */
const apiHosts: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** A reference taken apart: `docker.io/library/nginx:1.30.4`. */
interface Reference {
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
}

/**
 * Asks registries (API v2, as anybody) which digest a tag has. Goes through the proxy of HTTPS_PROXY and NO_PROXY; to a
 * registry on this machine without TLS, as Docker does.
 */
export class Registries {
  private readonly dispatcher = new EnvHttpProxyAgent();

  /**
   * The digest of `reference` (registry, repository and tag), such as `sha256:…`.
   * Throws a sentence that says what the registry, or the way there, did not do.
   */
  async digest(reference: string): Promise<string> {
    const { host, repository, tag } = takeApart(reference);
    const url = `${origin(host)}/v2/${repository}/manifests/${tag}`;
    const first = await this.ask(url, reference);
    const answer = first.status === 401 ? await this.askWithToken(url, first, reference) : first;
    requireFound(answer, reference);
    const digest = answer.headers.get('docker-content-digest') ?? '';
    if (/^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
    throw new UserError(`${reference}: ${host} says no digest of it.`);
  }

  close(): Promise<void> {
    return this.dispatcher.close();
  }

  /** `HEAD` counts as no pull where pulls are limited. */
  private ask(url: string, reference: string, token?: string): Promise<Response> {
    const headers = {
      accept: manifestTypes,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    return this.fetch(url, { method: 'HEAD', headers }, reference);
  }

  private async askWithToken(url: string, refusal: Response, reference: string): Promise<Response> {
    const challenge = refusal.headers.get('www-authenticate') ?? '';
    const where = tokenUrl(challenge, url);
    if (where === undefined) {
      throw new UserError(`${reference}: the registry asks for a login, which this does not have.`);
    }
    const answer = await this.fetch(where, {}, reference);
    const body = answer.ok
      ? ((await answer.json()) as { token?: string; access_token?: string })
      : {};
    const token = body.token ?? body.access_token;
    if (token !== undefined) return this.ask(url, reference, token);
    throw new UserError(
      `${reference}: ${new URL(where).host} gives no token to anybody (status ${answer.status}).`,
    );
  }

  private async fetch(
    url: string,
    options: { method?: string; headers?: Record<string, string> },
    reference: string,
  ): Promise<Response> {
    try {
      const signal = AbortSignal.timeout(answerWithinMs);
      return await fetch(url, { ...options, signal, dispatcher: this.dispatcher });
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      const { host } = new URL(url);
      throw new UserError(`${reference}: ${host} cannot be reached: ${messageOf(cause)}`);
    }
  }
}

function takeApart(reference: string): Reference {
  const [, host, repository, tag] = /^([^/]+)\/(.+):([^:/]+)$/.exec(reference) ?? [];
  if (host === undefined || repository === undefined || tag === undefined) {
    throw new UserError(`${reference} is not written out: registry/repository:tag.`);
  }
  return { host, repository, tag };
}

function origin(host: string): string {
  const local = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
  return `${local ? 'http' : 'https'}://${apiHosts[host] ?? host}`;
}

/**
 * Where a registry's challenge says that tokens are had: `Bearer realm="…",service="…",scope="…"`. Only by https, or
 * from a registry of this machine: what answers there is believed.
 */
function tokenUrl(challenge: string, asked: string): string | undefined {
  if (!/^Bearer\s/i.test(challenge)) return undefined;
  const given = new Map(
    Array.from(challenge.matchAll(/(\w+)="([^"]*)"/g), ([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
  const realm = URL.parse(given.get('realm') ?? '');
  const plain = realm?.protocol === 'http:' && asked.startsWith('http:');
  if (realm === null || !(realm.protocol === 'https:' || plain)) return undefined;
  for (const name of ['service', 'scope']) {
    const value = given.get(name);
    if (value !== undefined) realm.searchParams.set(name, value);
  }
  return realm.href;
}

function requireFound(answer: Response, reference: string): void {
  const { status, headers } = answer;
  if (answer.ok) return;
  if (status === 404)
    throw new UserError(`${reference} is not there: the registry has no such tag.`);
  if (status === 429) {
    const after = headers.get('retry-after');
    const when = after === null ? 'later' : `in ${after} s`;
    throw new UserError(
      `${reference}: the registry limits how often it is asked. Try again ${when}.`,
    );
  }
  if (status === 401 || status === 403) {
    throw new UserError(
      `${reference}: the registry does not show it to anybody (status ${status}).`,
    );
  }
  throw new UserError(`${reference}: the registry answers with status ${status}.`);
}
