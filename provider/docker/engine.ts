import type Docker from 'dockerode';
import type { DockerOptions } from 'dockerode';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../../engine/errors';
import type { Context } from '../host/resource';
import { parseSshHost, SshStream, type SshHost } from '../reach/ssh';

const defaultSocket = '/var/run/docker.sock';
const tlsPort = '2376';

/** No engine answers, or it does not let us in: an outage, which is not the absence of what it holds. */
class EngineAwayError extends UserError {}

/** Where the engine is, as DOCKER_HOST says it; the environment's engine when not given. */
export const hostInput = z
  .string()
  .refine((host) => /^unix:\/\/\/.|^tcp:\/\/[^/]|^ssh:\/\/[^/]/.test(host), {
    error: 'must be unix:///path, tcp://host:port or ssh://user@host',
    abort: true,
  })
  .superRefine((host, context) => {
    try {
      optionsFor(host);
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) });
    }
  })
  .optional();

const engines = new Map<string, Promise<Docker>>();

/**
 * Runs `work` with the engine at `host`. Throws an `EngineAwayError` when nothing answers there or it lets nobody in, and
 * a `UserError` with the engine's own words when it refuses what `work` asked for.
 */
export async function withEngine<T>(
  host: string | undefined,
  work: (docker: Docker) => Promise<T>,
): Promise<T> {
  const address = host ?? environmentHost();
  const engine = engines.get(address) ?? connect(address);
  engines.set(address, engine);
  try {
    return await work(await engine);
  } catch (error) {
    throw inWords(error, address);
  }
}

/** Asks the engine for a resource's live state; while it is away what was recorded stands, and a warning says so. */
export async function readEngine<T>(
  host: string | undefined,
  recorded: T,
  context: Context,
  ask: (docker: Docker) => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await withEngine(host, ask);
  } catch (error) {
    if (!(error instanceof EngineAwayError)) throw error;
    context.warn(`${error.message}\n${context.name} is taken to be as it was recorded`);
    return recorded;
  }
}

/** The engine's answer: there is no such thing. */
export function isAbsent(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** The engine's answer: it is in use, or there already. */
export function isConflict(error: unknown): boolean {
  return statusOf(error) === 409;
}

/** What `ask` finds, or undefined when there is no such thing. */
export async function found<T>(ask: Promise<T>): Promise<T | undefined> {
  try {
    return await ask;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Loaded when first needed: where there are no containers it would only cost time at each start. */
async function connect(address: string): Promise<Docker> {
  const { default: Engine } = await import('dockerode');
  return new Engine(optionsFor(address));
}

function environmentHost(): string {
  const given = process.env.DOCKER_HOST;
  if (given) return given.includes('://') ? given : `tcp://${given}`;
  const desktop = path.join(os.homedir(), '.docker/run/docker.sock');
  return `unix://${existsSync(desktop) ? desktop : defaultSocket}`;
}

/** Everything is said, because what is not said the library takes from the environment. */
function optionsFor(address: string): DockerOptions {
  const nothing = { host: undefined, port: undefined, socketPath: undefined, ...noKeys };
  if (address.startsWith('unix://')) {
    return { ...nothing, protocol: 'http', socketPath: address.slice('unix://'.length) };
  }
  if (address.startsWith('ssh://')) {
    const agent = new SshAgent(parseSshHost(address));
    return { ...nothing, protocol: 'http', host: 'engine', port: 80, agent } as DockerOptions;
  }
  if (!address.startsWith('tcp://') || !URL.canParse(address)) {
    throw new UserError(
      `DOCKER_HOST is ${address}: it must be unix:///path, tcp://host:port or ssh://user@host`,
    );
  }
  const { hostname, port } = new URL(address);
  const tls = Boolean(process.env.DOCKER_TLS_VERIFY) || port === tlsPort;
  return {
    ...nothing,
    host: hostname,
    port: port || (tls ? tlsPort : '2375'),
    protocol: tls ? 'https' : 'http',
    ...(tls && tlsKeys()),
  };
}

const noKeys = { ca: undefined, cert: undefined, key: undefined };

/** The files that the docker command reads too. */
function tlsKeys(): Pick<DockerOptions, 'ca' | 'cert' | 'key'> {
  const folder = process.env.DOCKER_CERT_PATH ?? path.join(os.homedir(), '.docker');
  const read = (name: string): string => {
    try {
      return readFileSync(path.join(folder, name), 'utf8');
    } catch (error) {
      throw new UserError(
        `an engine over TLS needs ca.pem, cert.pem and key.pem in ${folder} (DOCKER_CERT_PATH): ${messageOf(error)}`,
      );
    }
  };
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

/** Connections to an engine through ssh: each a `docker system dial-stdio` there, as the docker command does it. */
class SshAgent extends http.Agent {
  constructor(private readonly target: SshHost) {
    super({ keepAlive: true, maxFreeSockets: 1 });
  }

  override createConnection(): SshStream {
    return new SshStream(this.target, { command: ['docker', 'system', 'dial-stdio'] });
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number } | undefined)?.statusCode;
}

/** The engine's refusals, and the reasons why it could not be asked, for people. */
function inWords(error: unknown, address: string): unknown {
  if (error instanceof UserError) {
    return error.message.startsWith('ssh ')
      ? new EngineAwayError(away(address, error.message))
      : error;
  }
  const { code, json } = error as NodeJS.ErrnoException & { json?: { message?: string } };
  if (statusOf(error) !== undefined) {
    return new UserError(`the Docker engine says: ${json?.message ?? messageOf(error).trim()}`);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new EngineAwayError(
      `${address} does not let this user in: add it to the group docker (sudo usermod -aG docker "$USER", then log in ` +
        'again), or run as a user that may',
    );
  }
  const silent = ['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET'];
  if (code !== undefined && silent.includes(code)) {
    return new EngineAwayError(
      away(
        address,
        `${code}. Start it (Docker Desktop, or sudo systemctl start docker), or say where it is: ` +
          'strata:docker.host, or the environment variable DOCKER_HOST',
      ),
    );
  }
  return error;
}

function away(address: string, why: string): string {
  return `no Docker engine answers at ${address}: ${why}`;
}
