import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { FileView } from '../../components/services/images/storage/views';

/** What came back. */
export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The code of an error; empty without one. */
  readonly code: string;
}

export interface Announced {
  readonly file: FileView;
  readonly upload: { readonly method: string; readonly url: string; readonly seconds: number };
}

/** Somebody who talks to the service: as plain HTTP as it gets, so that headers may lie. */
export class StorageClient {
  constructor(
    private readonly url: string,
    private readonly token?: string,
  ) {}

  send(
    method: string,
    path: string,
    body?: Buffer | string | Readable,
    headers: OutgoingHttpHeaders = {},
  ): Promise<Got> {
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.url}${path}`, {
        method,
        headers: {
          ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
          ...headers,
        },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const content = Buffer.concat(chunks);
          const { statusCode: status = 0, headers: got } = incoming;
          const text = content.toString('utf8');
          resolve({ status, headers: got, body: content, text, code: codeOf(text) });
        });
      });
      if (body === undefined) outgoing.end();
      else if (Buffer.isBuffer(body) || typeof body === 'string') outgoing.end(body);
      else body.pipe(outgoing);
    });
  }

  json(method: string, path: string, body: unknown): Promise<Got> {
    return this.send(method, path, JSON.stringify(body), { 'content-type': 'application/json' });
  }

  announce(file: Record<string, unknown>): Promise<Got> {
    return this.json('POST', '/storage/files', file);
  }

  put(id: string, content: Buffer | string, headers: OutgoingHttpHeaders = {}): Promise<Got> {
    return this.send('PUT', `/storage/files/${id}/content`, content, {
      'content-length': Buffer.byteLength(content),
      ...headers,
    });
  }

  get(id: string, headers: OutgoingHttpHeaders = {}, query = ''): Promise<Got> {
    return this.send('GET', `/storage/files/${id}/content${query}`, undefined, headers);
  }

  /** A finished file; throws when it was refused on the way. */
  async store(
    content: Buffer | string,
    more: { name?: string; mimeType?: string; visibility?: FileView['visibility'] } = {},
  ): Promise<FileView> {
    const size = Buffer.byteLength(content);
    const announced = await this.announce({ name: 'a.txt', mimeType: 'text/plain', size, ...more });
    if (announced.status !== 201) throw new Error(announced.text);
    const { file } = JSON.parse(announced.text) as Announced;
    const stored = await this.put(file.id, content);
    if (stored.status !== 200) throw new Error(stored.text);
    return (JSON.parse(stored.text) as { file: FileView }).file;
  }

  /** A file that waits for its content. */
  async announced(size: number, mimeType = 'text/plain'): Promise<Announced> {
    const { text } = await this.announce({ name: 'a.txt', mimeType, size });
    return JSON.parse(text) as Announced;
  }

  /** A link to a file's content: path and query. */
  async link(id: string, body: Record<string, unknown> = {}): Promise<string> {
    const { text } = await this.json('POST', `/storage/files/${id}/links`, body);
    return pathOf((JSON.parse(text) as { url: string }).url);
  }
}

/** Path and query of an absolute address. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

function codeOf(text: string): string {
  try {
    return (JSON.parse(text) as { error?: { code?: string } }).error?.code ?? '';
  } catch {
    return '';
  }
}
