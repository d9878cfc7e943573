import { contentDisposition } from './names';
import type { PublicFile } from './files';
import { Refusal } from '../shared/refusal';
import { mayBeShown } from './sniff';
import type { Range } from './store';

/** What of a request decides about the answer. */
export interface Wish {
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  /** Shown in the browser instead of saved, where that is safe. */
  readonly inline: boolean;
}

export interface Answer {
  readonly status: 200 | 206 | 304;
  readonly headers: Readonly<Record<string, string>>;
  /** Which bytes to send; undefined: all of them. */
  readonly range: Range | undefined;
}

/**
 * Status and headers of a download. A file of one user never runs anything in another's browser: its type is not
 * guessed, its page may load and run nothing, and all but plain media is saved instead of shown.
 * Throws a `Refusal` for a range that is not in the file.
 */
export function answer(file: PublicFile, wish: Wish): Answer {
  const etag = `"${file.sha256 ?? ''}"`;
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'content-type': file.mimeType,
    'content-disposition': contentDisposition(
      wish.inline && mayBeShown(file.mimeType) ? 'inline' : 'attachment',
      file.name,
    ),
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  };
  if (matches(wish.ifNoneMatch, etag)) return { status: 304, headers, range: undefined };

  const range =
    wish.ifRange === undefined || wish.ifRange === etag
      ? parseRange(wish.range, file.size)
      : undefined;
  if (!range) {
    return { status: 200, headers: { ...headers, 'content-length': String(file.size) }, range };
  }
  return {
    status: 206,
    headers: {
      ...headers,
      'content-range': `bytes ${range.first}-${range.last}/${file.size}`,
      'content-length': String(range.last - range.first + 1),
    },
    range,
  };
}

/**
 * The one range of a header; undefined where the whole file is to be sent: without the header, and for several ranges,
 * which a server may ignore (RFC 9110, 14.2) and which would let small requests cost much.
 */
function parseRange(header: string | undefined, size: number): Range | undefined {
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || from + to === '') return undefined;
  if (from !== '' && to !== '' && Number(from) > Number(to)) return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first >= size || (from === '' && Number(to) === 0)) {
    throw new Refusal(416, 'range_invalid', `the file has ${size} bytes`, {
      'content-range': `bytes */${size}`,
    });
  }
  return { first, last };
}

function matches(header: string | undefined, etag: string): boolean {
  return (header ?? '')
    .slice(0, 2000)
    .split(',')
    .some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
