import { connect, createServer } from 'node:net';
import type { Problem } from '../host/resource';
import { runFolder, runFolders } from './folders';
import { living } from './supervisor';

const host = '127.0.0.1';
const searched = 200;

/** The ports of the platform's own services stand together in the config; another service's stands with it. */
const ownPorts = ['database', 'graphql'];

/**
 * What is wrong with a port that a process of this stack wants: nothing while it is free, or already its own.
 * The advice names the key of the config and a free port.
 */
export async function portProblem(
  stack: string,
  name: string,
  port: number,
): Promise<Problem | undefined> {
  const own = living(runFolder(stack, name));
  if (own && (own.description.port ?? port) === port) return undefined;
  const trouble = await whyNot(port);
  if (trouble === undefined) return undefined;
  const key = ownPorts.includes(name)
    ? `strata:ports.${name}`
    : `strata:customServices.${name}.port`;
  const free = await freePort(port + 1);
  const other = runFolders().find(({ folder }) => living(folder)?.description.port === port);
  const holder = other
    ? `${other.name} of this project's stack ${other.stack}: stop it (npm run down)`
    : trouble === 'EADDRINUSE'
      ? 'another program: stop that'
      : `nobody, but this user may not listen there (${trouble}): take one above 1023`;
  const choose = `or choose another, for example: pulumi config set --path ${key} ${free}`;
  return { property: 'port', reason: `port ${port} (${key}) is in use by ${holder}, ${choose}` };
}

/** The first port from `from` on that nothing listens on. */
export async function freePort(from: number): Promise<number> {
  for (let port = from; port < from + searched && port < 65_536; port += 1) {
    if ((await whyNot(port)) === undefined) return port;
  }
  return from < 30_000 ? freePort(30_000) : 0;
}

/** Why a process could not listen on a port; undefined when it could. */
async function whyNot(port: number): Promise<string | undefined> {
  // Where a program listens on every address, some systems let another listen on one of them all the same.
  return (await answers(port)) ? 'EADDRINUSE' : listenError(port);
}

/** Whether something takes connections on a port of this machine. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const finish = (result: boolean) => () => {
      socket.destroy();
      resolve(result);
    };
    socket
      .once('connect', finish(true))
      .once('error', finish(false))
      .once('timeout', finish(false));
  });
}

function listenError(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}
