/** How many bytes of a file tell what it is. */
export const sniffedBytes = 512;

/** Beginnings of files by type; `.` stands for any byte. Only types that a browser or a system acts upon. */
/* eslint-disable no-control-regex -- bytes are what it is about */
const signatures: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF....WEBP/s],
  ['image/bmp', /^BM....\0\0\0\0/s],
  ['image/tiff', /^(?:II\*\0|MM\0\*)/],
  ['image/x-icon', /^\0\0\x01\0/],
  ['image/avif', /^....ftypavi[fs]/s],
  ['image/heic', /^....ftyp(?:heic|heix|mif1)/s],
  ['video/mp4', /^....ftyp/s],
  ['video/webm', /^\x1aE\xdf\xa3/],
  ['audio/mpeg', /^(?:ID3|\xff[\xfb\xf3\xf2])/],
  ['audio/ogg', /^OggS/],
  ['audio/wav', /^RIFF....WAVE/s],
  ['audio/flac', /^fLaC/],
  ['application/pdf', /^%PDF-/],
  ['application/zip', /^PK(?:\x03\x04|\x05\x06)/],
  ['application/gzip', /^\x1f\x8b/],
  ['application/x-executable', /^(?:MZ|\x7fELF|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe)/],
  ['text/x-shellscript', /^#!/],
  [
    'text/html',
    /^(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|script|iframe|svg|a|div|p|img|style|table|title|br|h1)[\s/>]/is,
  ],
  ['text/xml', /^(?:\xef\xbb\xbf)?\s*<(?:\?xml|!doctype)\b/i],
];
/* eslint-enable no-control-regex */

/** Types whose files begin like another one's. */
const families: Readonly<Record<string, RegExp>> = {
  'application/zip':
    /^application\/(?:zip|x-zip-compressed|epub\+zip|java-archive|vnd\.(?:openxmlformats-|oasis\.opendocument\.).*)$/,
  'application/gzip': /^application\/(?:x-)?gzip$/,
  'audio/ogg': /^(?:audio|video|application)\/ogg$/,
  'audio/mpeg': /^audio\/(?:mpeg|mp3)$/,
  'audio/wav': /^audio\/(?:x-)?wav$/,
  'audio/flac': /^audio\/(?:x-)?flac$/,
  'image/x-icon': /^image\/(?:x-icon|vnd\.microsoft\.icon)$/,
  'image/heic': /^image\/hei[cf]$/,
  'text/html': /^(?:text\/html|application\/xhtml\+xml|image\/svg\+xml|(?:text|application)\/xml)$/,
  'text/xml':
    /^(?:(?:text|application)\/xml|application\/[\w.-]+\+xml|image\/svg\+xml|text\/html)$/,
  'video/mp4': /^(?:video\/(?:mp4|quicktime|3gpp|x-m4v)|audio\/(?:mp4|x-m4a))$/,
  'video/webm': /^(?:(?:video|audio)\/webm|video\/x-matroska)$/,
};

/** What the beginning of a file shows it to be; undefined when it could be anything. */
function sniff(head: Buffer): string | undefined {
  const text = head.subarray(0, sniffedBytes).toString('latin1');
  return signatures.find(([, pattern]) => pattern.test(text))?.[0];
}

/**
 * Whether a file that begins so may be called `declared`. A type with a signature must begin with it; any other must
 * not begin like something else. `application/octet-stream` says nothing, so nothing contradicts it.
 */
export function fits(head: Buffer, declared: string): boolean {
  if (declared === 'application/octet-stream') return true;
  const shown = sniff(head);
  if (shown !== undefined) return shown === declared || families[shown]?.test(declared) === true;
  return (
    !signatures.some(([type]) => type === declared && !declared.startsWith('text/')) ||
    head.length === 0
  );
}

/** Whether a list such as `['image/*', 'text/csv']` has a type. */
export function allows(list: readonly string[], type: string): boolean {
  return list.some(
    (entry) =>
      entry === type ||
      (entry.endsWith('/*') && type.startsWith(entry.slice(0, -1))) ||
      entry === '*/*',
  );
}

/** Types that browsers show without running anything of them. */
const inert =
  /^(?:image\/(?:png|jpeg|gif|webp|avif|bmp)|audio\/[\w.+-]+|video\/[\w.+-]+|text\/plain)$/;

/** What ends in +xml is a document to a browser, whatever it begins with: scripts in it would run. */
export function mayBeShown(type: string): boolean {
  return inert.test(type) && !/[+.-]xml$/.test(type);
}
