import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import os from 'node:os';
import path from 'node:path';
import { oneBucket } from '../../../components/services/images/storage/bucket';
import type { Places } from '../../../components/services/images/storage/store';

/** Part of the title of each test that has it: what it shows of an object store is shown of no real one. */
export const s3StandIn = '(a folder stands in for S3)';

/** Small pages, so that a list has several of them. */
const pageSize = 3;

/** Stands in for an S3 in tests without containers: a folder behind the five requests that stores send. Asks for no key. */
export class S3Folder {
  readonly bucket = 'files';

  private constructor(
    private readonly server: Server,
    private readonly folder: string,
  ) {}

  static async start(): Promise<S3Folder> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-s3-'));
    const server = createServer((request, response) => {
      void answer(folder, request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new S3Folder(server, folder);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** How any S3 client reaches it. */
  get options(): Parameters<typeof oneBucket>[0] {
    return {
      endpoint: this.endpoint,
      region: 'test',
      bucket: this.bucket,
      pathStyle: true,
      accessKeyId: 'nobody',
      secretAccessKey: 'nothing',
    };
  }

  get places(): Places {
    return oneBucket(this.options);
  }

  put(key: string, content: string): void {
    writeFileSync(fileOf(this.folder, key), content);
  }

  /** All keys, as nobody but a test sees them. */
  keys(): string[] {
    return keysOf(this.folder);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function fileOf(folder: string, key: string): string {
  mkdirSync(folder, { recursive: true });
  return path.join(folder, encodeURIComponent(key));
}

function keysOf(folder: string): string[] {
  return readdirSync(folder).map(decodeURIComponent).sort();
}

async function answer(
  folder: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://s3.test');
  const key = decodeURIComponent(pathname.split('/').slice(2).join('/'));
  const end = (status: number, body: string | Buffer = ''): void => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body) }).end(body);
  };
  try {
    if (key === '' && request.method === 'HEAD') end(200);
    else if (searchParams.has('list-type')) end(200, list(folder, searchParams));
    else if (request.method === 'PUT') {
      writeFileSync(fileOf(folder, key), await buffer(request));
      end(200);
    } else if (request.method === 'DELETE') {
      rmSync(fileOf(folder, key), { force: true });
      end(204);
    } else end(200, readFileSync(fileOf(folder, key)));
  } catch {
    end(404, '<Error><Code>NoSuchKey</Code></Error>');
  }
}

function list(folder: string, asked: URLSearchParams): string {
  const after = asked.get('continuation-token') ?? '';
  const found = keysOf(folder).filter(
    (key) => key.startsWith(asked.get('prefix') ?? '') && key > after,
  );
  const page = found.slice(0, pageSize);
  const more = found.length > page.length;
  return `<ListBucketResult><IsTruncated>${String(more)}</IsTruncated>${
    more ? `<NextContinuationToken>${page.at(-1) ?? ''}</NextContinuationToken>` : ''
  }${page
    .map(
      (key) =>
        `<Contents><Key>${key}</Key><Size>0</Size><LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>`,
    )
    .join('')}</ListBucketResult>`;
}
