import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { GatewaySettings } from '../../settings/gateway';
import type { Problem } from '../../settings/errors';
import { showKey, showText } from '../../settings/show';
import type { Layout } from './input';
import { block, file, map, type Line } from './text';

/** Files of the service stand in the deployment's state, so they are for a start page, not for a film. */
const mostBytes = 512 * 1024;
const mostFiles = 200;

interface Found {
  /** Name below `files` → text. */
  readonly files: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

/**
 * The static files of the settings, as files of the gateway: `static/0/index.html`. `root` is the project's folder.
 * What cannot be served is a problem, never left out: hidden files (an `.env` among the pages), symbolic links, bytes
 * that are no text, more than 200 files or 512 KiB in all.
 */
export function staticFiles({ static: folders }: GatewaySettings, root: string): Found {
  const found = Object.entries(folders).flatMap(([at, { folder }], index) =>
    contents(path.resolve(root, folder)).map((item) => ({
      ...item,
      key: showKey(['gateway', 'static', at]),
      target: `static/${index}/${item.name}`,
    })),
  );
  const good = found.filter(({ wrong }) => wrong === undefined);
  const size = good.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  return {
    files: Object.fromEntries(good.map(({ target, text }) => [target, text])),
    problems: [
      ...found.flatMap(({ key, name, wrong }) =>
        wrong === undefined ? [] : [{ key, reason: wrong, received: showText(name) }],
      ),
      ...(size > mostBytes || good.length > mostFiles ? [tooMuch(good.length, size)] : []),
    ],
  };
}

interface Item {
  readonly name: string;
  readonly text: string;
  readonly wrong?: string;
}

function contents(folder: string): Item[] {
  const items = read(folder);
  const wrong = 'names a folder that is not there or has no files';
  return items.length > 0 ? items : [{ name: path.basename(folder), text: '', wrong }];
}

function read(folder: string, below = ''): Item[] {
  return names(path.join(folder, below)).flatMap((entry) => {
    const name = path.posix.join(below, entry);
    const refused = (wrong: string): Item[] => [{ name, text: '', wrong }];
    if (entry.startsWith('.')) return refused('has a hidden file, which is never served');
    if (!/^[\w~@+-][\w.~@+-]*$/.test(entry))
      return refused('has a file whose name is more than letters, digits and . _ ~ @ + -');
    const stat = lstatSync(path.join(folder, name));
    if (stat.isDirectory()) return read(folder, name);
    if (!stat.isFile()) return refused('has a link or a device, which is never served');
    if (stat.size > mostBytes) return refused(`has a file of more than ${mostBytes / 1024} KiB`);
    const bytes = readFileSync(path.join(folder, name));
    const text = bytes.toString('utf8');
    if (!Buffer.from(text).equals(bytes))
      return refused('has a file that is no text (UTF-8): keep pictures and fonts in the storage');
    return [{ name, text }];
  });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function tooMuch(count: number, size: number): Problem {
  return {
    key: showKey(['gateway', 'static']),
    reason: 'has more than the gateway carries',
    received: `${count} files with ${Math.ceil(size / 1024)} KiB`,
    allowed: `${mostFiles} files with ${mostBytes / 1024} KiB in all`,
    advice: 'Serve larger things from the storage, or from a service of your own.',
  };
}

/** types.conf: what files are, by their names. */
export function types(): string {
  return file(
    block('types', ...Object.entries(known).map(([type, endings]) => `${type} ${endings};`)),
    'default_type application/octet-stream;',
  );
}

const known = {
  'text/html': 'html htm',
  'text/css': 'css',
  'text/plain': 'txt',
  'text/javascript': 'js mjs',
  'application/json': 'json map',
  'application/manifest+json': 'webmanifest',
  'application/xml': 'xml',
  'image/svg+xml': 'svg',
};

/** The locations of the static folders. */
export function staticLocations({ static: folders }: GatewaySettings, layout: Layout): Line[] {
  return Object.entries(folders).map(([at, { cacheSeconds }], index) =>
    block(
      `location ${at}`,
      `alias ${layout.files}/static/${index}/;`,
      'index index.html;',
      'include types.conf;',
      'include limit.conf;',
      'gzip on;',
      `set $kept_seconds ${cacheSeconds};`,
      'expires $kept;',
    ),
  );
}

/** static.conf: pages are always asked for, what they load is kept. */
export function staticCaching(): string {
  return file(
    '# Pages of static folders are always asked for; what they load is kept.',
    map('$uri', '$kept', { '"~(?:/|\\.html?)$"': 'epoch', default: '"${kept_seconds}s"' }),
  );
}
