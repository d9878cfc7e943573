import { createHash, createHmac } from 'node:crypto';

interface Access {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly id: string;
  readonly secret: string;
}

/** A link to an object that counts for a minute: version 4 of the signature of S3, in the query. */
export function presigned({ endpoint, region, bucket, id, secret }: Access, key: string): string {
  const url = new URL(`${endpoint}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`);
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [time.slice(0, 8), region, 's3', 'aws4_request'];
  url.search = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': [id, ...scope].join('/'),
    'X-Amz-Date': time,
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': 'host',
  }).toString();
  const request = [
    'GET',
    url.pathname,
    url.search.slice(1),
    `host:${url.host}\n`,
    'host',
    'UNSIGNED-PAYLOAD',
  ];
  const hash = createHash('sha256').update(request.join('\n')).digest('hex');
  const signing = scope.reduce<Buffer | string>(
    (with_, part) => createHmac('sha256', with_).update(part).digest(),
    `AWS4${secret}`,
  );
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), hash].join('\n');
  url.searchParams.set('X-Amz-Signature', createHmac('sha256', signing).update(text).digest('hex'));
  return url.href;
}
