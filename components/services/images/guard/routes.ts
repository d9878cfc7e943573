import { isIP, isIPv4 } from 'node:net';
import type { Area } from '../../scopes';
import type { GuardConfig } from './config';

export type Routes = GuardConfig['routes'];
type GuardRoute = Routes[number];

/** Where a request goes at the gateway, as the gateway tells. */
export interface Target {
  readonly host: string;
  /** As the client wrote it, or as nginx understood it: both must mean the same. */
  readonly uri: string;
  /** The slug in `/t/<slug>/…`; empty without one. */
  readonly tenantPath: string;
}

/** Where a request goes, by the headers of nginx's question; `header` is empty text for one that is not there. */
export function targetOf(header: (name: string) => string): Target {
  return {
    host: header('x-original-host'),
    uri: header('x-original-uri'),
    tenantPath: header('x-tenant-path'),
  };
}

/**
 * What a scope must open for this request; undefined when no route is meant, or when it depends on who reads the path
 * (`/storage/..%2ffunctions/`): nginx routes by the decoded path, and so would the service behind it, in its own way.
 */
export function areaOf(routes: Routes, target: Target): Area | undefined {
  const [raw, ...others] = readings(routes, target) ?? [];
  return others.every((other) => other?.area === raw?.area) ? raw?.area : undefined;
}

/** Whether a request may reach, in whatever way its path is read, a service that knows the shared tables alone. */
export function sharedTablesOnly(routes: Routes, target: Target): boolean {
  return (readings(routes, target) ?? routes).some((route) => route?.sharedTablesOnly === true);
}

/** Whether the anon key opens what a request may reach, in whatever way its path is read. */
export function opensToAnonKey(routes: Routes, target: Target): boolean {
  return (readings(routes, target) ?? [undefined]).every((route) => route?.anonKey === true);
}

/** The route by the path as it was written and as nginx understands it; nothing for a path that cannot be read. */
function readings(
  routes: Routes,
  { host, uri, tenantPath }: Target,
): readonly (GuardRoute | undefined)[] | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, '');
  const own = routes.filter((route) => route.host === name);
  const candidates = own.length > 0 ? own : routes.filter((route) => route.host === undefined);
  const prefix = tenantPath === '' ? '' : `/t/${tenantPath}`;
  const [path = ''] = uri.split(/[?#]/, 1);
  const raw = prefix !== '' && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
  const canonical = decoded(raw);
  if (canonical === undefined) return undefined;
  return [match(candidates, raw), match(candidates, canonical)];
}

function match(routes: Routes, path: string): GuardRoute | undefined {
  const [best] = routes
    .filter((route) =>
      route.path.endsWith('/') ? path.startsWith(route.path) : path === route.path,
    )
    .sort((a, b) => b.path.length - a.path.length);
  return best;
}

/** The path as nginx routes by it: decoded once, without empty and dotted segments. */
function decoded(path: string): string | undefined {
  let text: string;
  try {
    text = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  // eslint-disable-next-line no-control-regex -- control characters are what it is about
  if (!text.startsWith('/') || /[\u0000-\u001f\\]|%[0-9a-f]{2}/i.test(text)) return undefined;
  const segments: string[] = [];
  const given = text.split('/').slice(1);
  for (const [index, segment] of given.entries()) {
    const last = index === given.length - 1;
    if (segment === '..') segments.pop();
    else if (segment !== '.' && (segment !== '' || last)) segments.push(segment);
    if (last && (segment === '.' || segment === '..')) segments.push('');
  }
  return `/${segments.join('/')}`;
}

/** What failures are counted by: an IPv4 address, or the /64 that one subscriber of IPv6 has. */
export function addressOf(given: string | undefined, socket: string | undefined): string {
  const text = [given, socket].find((one) => one !== undefined && isIP(one) !== 0);
  if (text === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIPv4(text)) return text;
  const [head = '', tail] = (text.split('%', 1)[0] ?? '').toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
