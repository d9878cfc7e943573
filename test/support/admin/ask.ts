import { request } from 'node:http';
import { operatorLogin } from './process';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Question {
  readonly method?: string;
  readonly host?: string;
  /** Undefined: the operators' login; null: none. */
  readonly login?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks the program itself, past the gateway; the path is sent as it stands. */
export function askAdmin(port: number, path: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', host = 'example.org', login = operatorLogin, headers = {} } = question;
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        agent: false,
        method,
        path,
        headers: { host, ...(login !== null && { authorization: login }), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          });
        });
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}
