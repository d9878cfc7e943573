import { spawn, type ChildProcess } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/ports';

const connections = 16;
const workMs = 3;

/** What is asked again and again. */
export interface Target {
  readonly port: number;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly expected: number;
  readonly body?: string;
  /** By TLS, with a certificate that nobody checks. */
  readonly tls?: true;
}

export interface Load {
  /** Requests in one second. */
  readonly rate: number;
  /** Milliseconds of one request, the middle one and the slowest of a hundred. */
  readonly median: number;
  readonly slow: number;
}

/** As many requests as go through over kept connections, one after the other on each. */
export async function load(target: Target, duration: number): Promise<Load> {
  const kept = { keepAlive: true, maxSockets: connections };
  const agent = target.tls ? new https.Agent(kept) : new http.Agent(kept);
  const took: number[] = [];
  const started = performance.now();
  const end = started + duration * 1000;
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const before = performance.now();
      await once(target, agent);
      took.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const elapsed = (performance.now() - started) / 1000;
  agent.destroy();
  took.sort((a, b) => a - b);
  const at = (part: number): number => took[Math.floor(took.length * part)] ?? Number.NaN;
  return { rate: took.length / elapsed, median: at(0.5), slow: at(0.99) };
}

function once(target: Target, agent: http.Agent): Promise<void> {
  const { expected, headers, body, tls, ...rest } = target;
  return new Promise((resolve, reject) => {
    const request = (tls ? https : http).request({
      host: '127.0.0.1',
      agent,
      ...rest,
      ...(tls && { rejectUnauthorized: false, servername: headers.host }),
      headers: { ...headers, ...(body && { 'content-length': Buffer.byteLength(body) }) },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === expected) resolve();
        else reject(new Error(`${target.path} answered ${String(response.statusCode)}`));
      });
    });
    request.end(body);
  });
}

/**
 * A service in a process of its own that answers at once, so that what is measured is what stands before it; below
 * `/working/` it computes for some milliseconds first, as one that asks a database and renders JSON does.
 */
export async function trivialService(): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort();
  const program = `require('node:http').createServer((request, response) => {
    const end = performance.now() + (request.url.startsWith('/working/') ? ${workMs} : 0);
    while (performance.now() < end);
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{}}'));
  }).listen(${port}, '127.0.0.1')`;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  for (;;) {
    if (
      await fetch(`http://127.0.0.1:${port}`).then(
        () => true,
        () => false,
      )
    )
      return { port, child };
    await sleep(20);
  }
}
