import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changesIn, stateOf, statusOf, whyNoEngine } from '../support/engine';
import { processesAbout } from '../support/processes';
import { Workspace } from '../support/workspace';
import { freePort } from '../support/ports';

const reason = await whyNoEngine();

let workspace: Workspace;
let port: number;

const server = `
const { createServer } = require('node:http');
createServer((request, response) => {
  response.writeHead(request.url === '/healthz' ? 204 : 200).end(process.env.GREETING);
}).listen(Number(process.env.PORT), process.env.HOST);
`;

function services(given: Record<string, unknown>): void {
  workspace.configure({ 'strata:customServices': given });
}

function hello(): Record<string, unknown> {
  return {
    command: ['node', 'server.cjs'],
    workdir: './hello',
    port,
    env: { GREETING: 'good morning' },
    health: '/healthz',
  };
}

function job(script: string): Record<string, unknown> {
  return { command: ['node', '-e', script], job: true };
}

describe.skipIf(reason)('a service of the user', () => {
  beforeAll(async () => {
    workspace = await Workspace.create();
    port = await freePort();
    workspace.write('hello/server.cjs', server);
    services({
      hello: hello(),
      seed: job("require('fs').appendFileSync('ran', 'once\\n')"),
    });
    await workspace.succeed('up');
  });

  afterAll(() => workspace.dispose());

  test('is deployed with its environment and port, and a job has run to its end', async () => {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/`);
    expect(await answer.text()).toBe('good morning');
    const { code, services: found } = await statusOf(workspace);
    expect(code).toBe(0);
    expect(found).toMatchObject([
      { name: 'database', healthy: true },
      { name: 'graphql', healthy: true },
      { name: 'hello', healthy: true, health: `http://127.0.0.1:${String(port)}/healthz` },
      { name: 'seed', kind: 'job', healthy: true },
    ]);
    expect(workspace.read('ran')).toBe('once\n');
  });

  test('that dies at its start fails the up with its name and its last lines; the others are left alone', async () => {
    const graphql = workspace.pid('graphql');
    services({
      hello: hello(),
      seed: job("require('fs').appendFileSync('ran', 'once\\n')"),
      dying: {
        command: ['node', '-e', "console.log('no license found'); process.exit(7)"],
        port: await freePort(),
      },
    });
    const { code, stdout, stderr } = await workspace.run('up');
    const text = stdout + stderr;
    expect(code, text).toBe(1);
    expect(text).toMatch(/dying ended with exit code 7 before it was ready.*no license found/s);
    expect(text).not.toMatch(/^\s+at .+:\d+:\d+/m);
    expect(workspace.pid('graphql')).toBe(graphql);
    expect(processesAbout(workspace.runFolder('dying'))).toEqual([]);
    expect(workspace.read('ran')).toBe('once\n');
  });

  test('that is a job and fails ends the up with its last lines, and runs again once it is mended', async () => {
    services({ hello: hello(), seed: job("console.log('no rows to seed'); process.exit(3)") });
    const { code, stdout, stderr } = await workspace.run('up');
    expect(code, stdout + stderr).toBe(1);
    expect(stdout + stderr).toMatch(/job seed ended with exit code 3.*no rows to seed/s);

    services({ hello: hello(), seed: job("require('fs').appendFileSync('ran', 'twice\\n')") });
    expect(changesIn(await workspace.succeed('up'))).toEqual(['update seed']);
    expect(workspace.read('ran')).toBe('once\ntwice\n');
  });

  test('that is taken out of the config is stopped', async () => {
    services({});
    expect(changesIn(await workspace.succeed('up'))).toEqual(['delete hello', 'delete seed']);
    expect(processesAbout(workspace.runFolder('hello'))).toEqual([]);
    await expect(fetch(`http://127.0.0.1:${String(port)}/`)).rejects.toThrow();
    expect(stateOf(workspace).resources.some(({ urn }) => urn.endsWith('::hello'))).toBe(false);
  });
});
