import { gunzipSync } from 'node:zlib';
import { isSecretForm, looksSecret } from '../engine/secret-looking';

/** More than user data may hold, so a small text cannot unpack to gigabytes. */
const mostBytes = 4 * 1024 * 1024;

/** A name and a value beside it: `NAME=value`, `name: value`, `"name": "value"`, `name = 'value'`. */
const assignment =
  /(?<name>[A-Za-z_][\w-]{0,60})["']?(?<sign>\s*[=:]\s*)(?<quote>["']?)(?<value>[^\s"',;]+)\k<quote>/g;

const anywhere =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----|[a-z][a-z0-9+.-]{0,30}:\/\/[^/\s:@'"]*:[^@\s'"/${]+@/g;

/** What tells versions apart, or where a secret is, is as long and as senseless as a secret. */
const harmlessName =
  /(^|[_-])(version|version_?id|sha\d*|sha256sum|checksum|digest|hash|etag|commit|revision|arn|id|uuid|url|uri|name|path|file|content|ami|image)$/i;

const harmlessValue = /^(arn:|\$|\/|true$|false$|null$|none$|yes$|no$|\d+$)/i;

const packed = /[A-Za-z0-9+/]{40,}={0,2}/g;

/**
 * Where a text seems to hold a secret, in words that do not say it. What is packed in it (base64, gzip) is unpacked.
 */
export function secretsIn(text: string): string[] {
  return [...new Set(found(text, ''))];
}

function found(text: string, inside: string): string[] {
  const here = text.split('\n').flatMap((line, index) => {
    const where = `${inside}line ${String(index + 1)}`;
    return [
      ...[...line.matchAll(anywhere)].map(([match]) =>
        match.startsWith('-')
          ? `${where} begins a private key`
          : `${where} has a URL with a password`,
      ),
      ...[...line.matchAll(assignment)]
        .filter(({ groups }) => suspicious(groups ?? {}))
        .map(({ groups }) => `${where} seems to give a secret to ${String(groups?.name)}`),
    ];
  });
  const within = [...text.matchAll(packed)].flatMap(([match]) => {
    const unpacked = unpack(match);
    return unpacked === undefined ? [] : found(unpacked, `${inside}packed, `);
  });
  return [...here, ...within];
}

function suspicious({
  name = '',
  sign = '',
  quote = '',
  value = '',
}: Record<string, string>): boolean {
  if (isSecretForm(value)) return true;
  if (harmlessName.test(name) || harmlessValue.test(value)) return false;
  if (unpack(value) !== undefined) return false;
  if (looksSecret('', value)) return true;
  // Programs name variables after secrets; only what stands there literally can be one.
  const literal = quote !== '' || !/^\s+=/.test(sign);
  return literal && looksSecret(name, '') && /^[^()[\]{}<>$]{8,}$/.test(value);
}

/** The text that base64 stands for; none when it is something else, such as a key. */
function unpack(value: string): string | undefined {
  if (value.length < 40 || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return undefined;
  const bytes = Buffer.from(value, 'base64');
  const text = bytes.subarray(0, 2).equals(gzip) ? unzipped(bytes) : bytes.toString('utf8');
  return text === undefined || unprintable.test(text) ? undefined : text;
}

const gzip = Buffer.from([0x1f, 0x8b]);

/** Control characters but tabs and line ends, and what stands for bytes that are no text. */
const unprintable = /[^\P{Cc}\t\n\r]|\ufffd/u;

function unzipped(bytes: Buffer): string | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: mostBytes }).toString('utf8');
  } catch {
    return undefined;
  }
}
