import { createServer, request as ask, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** The parameters of a call, and what is answered. */
export type Values = Record<string, unknown>;
export type Operations = Readonly<Record<string, (input: Values) => Values | Promise<Values>>>;

type Protocol = 'json' | 'query' | 'ec2';

/** EC2 speaks the query protocol with answers of another shape; its version tells. */
const ec2Version = '2016-11-15';

/** A refusal of AWS: its code as it goes over the wire. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** An answer that is held back: what was asked for is done, and who asked does not know it yet. */
export interface Held {
  readonly done: Promise<void>;
  release(): void;
}

interface Hold {
  readonly isMeant: (call: Call) => boolean;
  readonly done: () => void;
  readonly released: Promise<void>;
}

/** What was asked: operation and parameters. */
interface Call {
  readonly operation: string;
  readonly input: Values;
}

/**
 * A stand-in for AWS's APIs of three protocols, JSON (Systems Manager), query (Auto Scaling, load balancing) and EC2's, on a port of
 * this machine. It has the operations that it is given; others go to `upstream`, an emulator, or are refused. It checks no
 * signature and no permission.
 */
export class AwsStandIn {
  /** In order. */
  readonly calls: Call[] = [];
  private readonly holds: Hold[] = [];

  private constructor(
    private readonly server: Server,
    readonly endpoint: string,
  ) {}

  static async start(operations: Operations, upstream?: string): Promise<AwsStandIn> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const standIn = new AwsStandIn(server, endpoint);
    server.on('request', (request, response) => {
      const answer = async () => {
        const body = await buffer(request);
        const { operation, input, protocol } = read(request, body);
        standIn.calls.push({ operation, input });
        const own = operations[operation];
        if (!own && upstream !== undefined) {
          const there = await forward(upstream, request, body);
          await standIn.passed({ operation, input });
          response.writeHead(there.statusCode ?? 500, there.headers);
          there.pipe(response);
          return;
        }
        const { status, text } = await respond(operation, protocol, async () => {
          if (!own) throw new Refusal('InvalidAction', `${operation} is not stood in for`);
          return own(input);
        });
        response.writeHead(status, {
          'content-type': protocol === 'json' ? 'application/x-amz-json-1.1' : 'text/xml',
        });
        response.end(text);
      };
      void answer();
    });
    return standIn;
  }

  /** Holds the emulator's answer to the next call that is meant. */
  hold(isMeant: Hold['isMeant']): Held {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const done = new Promise<void>((resolve) => {
      this.holds.push({ isMeant, done: resolve, released });
    });
    return { done, release };
  }

  private async passed(call: Call): Promise<void> {
    const at = this.holds.findIndex(({ isMeant }) => isMeant(call));
    const [hold] = at < 0 ? [] : this.holds.splice(at, 1);
    hold?.done();
    await hold?.released;
  }

  /** The parameters of each call of an operation. */
  asked(operation: string): Values[] {
    return this.calls.filter((call) => call.operation === operation).map(({ input }) => input);
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}

function read(
  { headers }: IncomingMessage,
  body: Buffer,
): { operation: string; input: Values; protocol: Protocol } {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') {
    const input = JSON.parse(body.toString()) as Values;
    return { operation: target.split('.').at(-1) ?? '', input, protocol: 'json' };
  }
  // Protocols that put the operation into the path, such as S3's, are the emulator's alone.
  if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return { operation: '', input: {}, protocol: 'query' };
  }
  const { Action, ...input } = nested(new URLSearchParams(body.toString()));
  const protocol = input.Version === ec2Version ? 'ec2' : 'query';
  return { operation: String(Action), input, protocol };
}

async function respond(
  operation: string,
  protocol: Protocol,
  work: () => Promise<Values>,
): Promise<{ status: number; text: string }> {
  try {
    const values = await work();
    if (protocol === 'json') return { status: 200, text: JSON.stringify(values) };
    const text =
      protocol === 'ec2'
        ? xml(`${operation}Response`, values, 'item')
        : xml(`${operation}Response`, { [`${operation}Result`]: values }, 'member');
    return { status: 200, text };
  } catch (error) {
    const { code, message } =
      error instanceof Refusal ? error : new Refusal('InternalFailure', String(error));
    const status = code === 'InternalFailure' ? 500 : 400;
    if (protocol === 'json') return { status, text: JSON.stringify({ __type: code, message }) };
    const refusal = { Type: 'Sender', Code: code, Message: message };
    return { status, text: xml('ErrorResponse', { Error: refusal }, 'member') };
  }
}

/** `A.B.member.1=x` as `{ A: { B: ['x'] } }`. */
function nested(parameters: URLSearchParams): Values {
  const values: Values = {};
  for (const [name, value] of parameters) {
    const path = name.split('.').filter((part) => part !== 'member');
    let at = values;
    path.forEach((part, index) => {
      const next = path[index + 1];
      const key = /^\d+$/.test(part) ? String(Number(part) - 1) : part;
      if (next === undefined) at[key] = value;
      else at = (at[key] ??= /^\d+$/.test(next) ? [] : {}) as Values;
    });
  }
  return values;
}

/** `each` is what the protocol calls a member of a list. */
function xml(name: string, value: unknown, each: 'member' | 'item'): string {
  return value === undefined ? '' : `<${name}>${xmlContent(value, each)}</${name}>`;
}

function xmlContent(value: unknown, each: 'member' | 'item'): string {
  if (Array.isArray(value)) return value.map((member) => xml(each, member, each)).join('');
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([key, member]) => xml(key, member, each))
      .join('');
  }
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function forward(
  upstream: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    ask(new URL(url ?? '/', upstream), { method, headers }, resolve)
      .on('error', reject)
      .end(body);
  });
}
