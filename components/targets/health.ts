import type { Workload } from '../services/service';

/** A check that fails this often in a row makes a container unhealthy. */
export const healthCheck = { interval: '3s', timeout: '5s', retries: 5, startPeriod: '30s' };

/**
 * What a container runs to see whether its service works, in the words of Docker and Compose; nothing for an image of
 * others without a command to ask with, which has to be asked over the network.
 */
export function healthTest(service: Workload): string[] | undefined {
  const { healthCommand, program, port, health } = service;
  if (healthCommand) return ['CMD', ...healthCommand];
  if (!program || port === undefined) return undefined;
  return ['CMD', 'node', '-e', health === undefined ? connects(port) : answers(port, health)];
}

/** Where a service can be asked over the network; nothing for a worker without a port. */
export function healthUrl({ name, port, health }: Workload): string | undefined {
  if (port === undefined) return undefined;
  return health === undefined ? `tcp://${name}:${port}` : `http://${name}:${port}${health}`;
}

/** Not by `fetch`, which costs twice as much as Node's start: a server runs this for each service every few seconds. */
function answers(port: number, path: string): string {
  const url = JSON.stringify(`http://127.0.0.1:${port}${path}`);
  return `require('http').get(${url},(r)=>process.exit(r.statusCode>=200&&r.statusCode<300?0:1)).on('error',(e)=>{console.error(e.message);process.exit(1)})`;
}

function connects(port: number): string {
  return `require('net').connect(${port},'127.0.0.1').on('connect',()=>process.exit(0)).on('error',()=>process.exit(1))`;
}
