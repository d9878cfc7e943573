import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { contextFor, occupiedPort, removeProject } from '../support/local';

const project = await vi.hoisted(async () => {
  const { temporaryProject: make } = await import('../support/local');
  return make();
});

import { commandOf, identify } from '../../engine/processes';
import { processesOf } from '../../provider/local/identity';
import { job, type JobInputs } from '../../provider/local/job';
import { processResource, type ProcessInputs } from '../../provider/local/process';
import { localProcesses, stopProcesses } from '../../provider/local/processes';
import { living } from '../../provider/local/supervisor';
import { freePort } from '../support/ports';

const context = contextFor('web');
const folder = path.join(project, '.strata/stacks/test/run/web');

const server = `
  const { readFileSync } = require('node:fs');
  console.log('token of', readFileSync(process.env.TOKEN_FILE, 'utf8').length, 'characters');
  require('node:http').createServer((_, answer) => answer.end(JSON.stringify(process.env))).listen(+process.env.PORT, '127.0.0.1');
`;

function web(port: number, more: Partial<ProcessInputs> = {}): ProcessInputs {
  return {
    command: ['node', '{files}/server.js'],
    workdir: '.',
    environment: { PORT: String(port), FOLDER: '{files}' },
    secrets: { TOKEN: 'a very secret token' },
    files: { 'server.js': server },
    port,
    health: { http: `http://127.0.0.1:${port}/`, timeoutSeconds: 20 },
    stopGraceSeconds: 2,
    ...more,
  };
}

afterEach(() => stopProcesses('test'));

afterAll(() => {
  removeProject(project);
});

describe('a process', () => {
  test('gets its settings and secret files, and nothing of the environment of the provider', async () => {
    vi.stubEnv('PULUMI_CONFIG_PASSPHRASE', 'hunter2');
    const port = await freePort();
    const { state } = await processResource.create(web(port), context);
    const environment = (await (await fetch(`http://127.0.0.1:${port}/`)).json()) as Record<
      string,
      string
    >;
    const secret = path.join(folder, 'secrets/TOKEN');
    expect(environment).toMatchObject({
      PORT: String(port),
      FOLDER: path.join(folder, 'files'),
      TOKEN_FILE: secret,
    });
    expect(environment).not.toHaveProperty('PULUMI_CONFIG_PASSPHRASE');
    expect(environment).not.toHaveProperty('TOKEN');
    expect(statSync(secret).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(secret)).mode & 0o777).toBe(0o700);
    expect(commandOf(state.pid)).toMatch(/server\.js$/);
    expect(readFileSync(path.join(project, state.log), 'utf8')).toBe('token of 19 characters\n');
    expect(state).toMatchObject({ running: true, pid: living(folder)?.pid });
  });

  test('made twice under one name it is there once', async () => {
    const port = await freePort();
    const first = await processResource.create(web(port), context);
    const second = await processResource.create(web(port), context);
    expect(second.state.pid).not.toBe(first.state.pid);
    expect(processesOf(folder)).toEqual([second.state.pid]);
  });

  test('one whose run folder was deleted under it is still found, stopped and replaced', async () => {
    const port = await freePort();
    const first = await processResource.create(web(port), context);
    rmSync(folder, { recursive: true });
    expect(localProcesses('test')).toMatchObject([{ name: 'web', running: true }]);
    const second = await processResource.create(web(port), context);
    expect(processesOf(folder)).toEqual([second.state.pid]);
    expect(second.state.pid).not.toBe(first.state.pid);
    rmSync(folder, { recursive: true });
    expect(await stopProcesses('test')).toEqual(['web']);
    expect(processesOf(folder)).toEqual([]);
  });

  test('one that was killed shows as drift and is started again', async () => {
    const inputs = web(await freePort());
    const { id, state } = await processResource.create(inputs, context);
    expect(processResource.diff(state, inputs)).toEqual({});
    process.kill(state.pid, 'SIGKILL');
    await sleep(100);
    const live = await processResource.read(id, state, context);
    expect(live).toMatchObject({ running: false });
    expect(processResource.diff(live ?? state, inputs)).toEqual({ running: 'update' });
    const repaired = await processResource.update?.(id, live ?? state, inputs, context);
    expect(repaired?.running).toBe(true);
  });

  test('one that lives but does not answer shows as drift, and is started again', async () => {
    const inputs = web(await freePort(), { stopGraceSeconds: 30 });
    const { id, state } = await processResource.create(inputs, context);
    process.kill(state.pid, 'SIGSTOP');
    const live = await processResource.read(id, state, context);
    expect(live).toMatchObject({ running: false, pid: state.pid });
    expect(processResource.diff(live ?? state, inputs)).toEqual({ running: 'update' });
    const begun = Date.now();
    const repaired = await processResource.update?.(id, live ?? state, inputs, context);
    // It was let go on to hear SIGTERM, so it was not waited for.
    expect(Date.now() - begun).toBeLessThan(inputs.stopGraceSeconds * 1000);
    expect(identify(state.pid)).toBeUndefined();
    expect(await processResource.read(id, repaired ?? state, context)).toMatchObject({
      running: true,
    });
  });

  test('one that another resource of the same name has taken over is not ended with the former', async () => {
    const inputs = web(await freePort());
    const former = { ...context, urn: context.urn.replace('Platform', 'Single') };
    const { id, state: before } = await processResource.create(inputs, former);
    const { state } = await processResource.create(inputs, context);
    await processResource.delete(id, before, former);
    expect(await processResource.read(id, state, context)).toEqual(state);
    await processResource.delete(id, state, context);
    expect(existsSync(folder)).toBe(false);
  });

  test('a pid that belongs to another program by now is neither believed nor killed', async () => {
    const inputs = web(await freePort());
    const { id, state } = await processResource.create(inputs, context);
    process.kill(state.pid, 'SIGKILL');
    const innocent = spawn('sleep', ['30'], { stdio: 'ignore' });
    writeFileSync(path.join(folder, 'pid'), `${innocent.pid}\n`);
    await sleep(100);
    expect(await processResource.read(id, state, context)).toMatchObject({ running: false });
    await stopProcesses('test');
    await processResource.delete(id, state, context);
    expect(innocent.exitCode).toBeNull();
    expect(innocent.signalCode).toBeNull();
    innocent.kill();
  });

  test('one that ends early fails at once, with its last lines', async () => {
    const broken = web(await freePort(), {
      command: ['sh', '-c', 'for i in $(seq 30); do echo line $i; done; exit 3'],
    });
    const started = Date.now();
    await expect(processResource.create(broken, context)).rejects.toThrow(
      'web ended with exit code 3 before it was ready. Its last lines:\nline 11\n',
    );
    expect(Date.now() - started).toBeLessThan(3_000);
  });

  test('one that never answers is named, shown and stopped', async () => {
    const port = await freePort();
    const silent = web(port, {
      command: ['sh', '-c', 'echo busy; sleep 60'],
      health: { tcp: port, timeoutSeconds: 1 },
    });
    await expect(processResource.create(silent, context)).rejects.toThrow(
      `web was not healthy within 1 s: 127.0.0.1:${port} does not answer: the port refuses connections (nothing listens there). Its last lines:\nbusy`,
    );
    expect(processesOf(folder)).toEqual([]);
  });

  test('one that ignores SIGTERM, and its children in sessions of their own, are ended', async () => {
    const stubborn = web(0, {
      command: ['sh', '-c', 'trap "" TERM; setsid sleep 60 & sleep 60; sleep 60'],
    });
    const { port: _port, health: _health, ...inputs } = { ...stubborn, stopGraceSeconds: 0.3 };
    const { id, state } = await processResource.create(inputs, context);
    expect(processesOf(folder).length).toBeGreaterThan(1);
    await processResource.delete(id, state, context);
    expect(processesOf(folder)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  test('a port that another program has is refused with the key and a free port', async () => {
    const { port, close } = await occupiedPort();
    const problems = await processResource.precheck?.({ port }, undefined, contextFor('graphql'));
    expect(problems).toEqual([
      {
        property: 'port',
        reason: expect.stringMatching(
          new RegExp(
            `^port ${port} \\(strata:ports.graphql\\) is in use by another program: .* strata:ports.graphql \\d+$`,
          ),
        ) as string,
      },
    ]);
    await expect(processResource.create(web(port), context)).rejects.toThrow(`port ${port}`);
    close();
  });

  test('its own port is no obstacle, that of a sibling is refused by its name', async () => {
    const port = await freePort();
    await processResource.create(web(port), context);
    expect(await processResource.precheck?.({ port }, undefined, context)).toEqual([]);
    const [problem] =
      (await processResource.precheck?.({ port }, undefined, contextFor('api'))) ?? [];
    expect(problem?.reason).toContain(
      `(strata:customServices.api.port) is in use by web of this project's stack test`,
    );
  });
});

describe('a job', () => {
  const seed = contextFor('seed');

  function script(text: string, timeoutSeconds = 10): JobInputs {
    return {
      command: ['sh', '-c', text],
      workdir: '.',
      environment: {},
      secrets: { TOKEN: 'x' },
      files: {},
      timeoutSeconds,
    };
  }

  test('runs to its end, and leaves no secret behind', async () => {
    const { state } = await job.create(script('cat "$TOKEN_FILE"'), seed);
    expect(state.exitCode).toBe(0);
    expect(existsSync(path.join(project, '.strata/stacks/test/run/seed/secrets'))).toBe(false);
  });

  test('runs again when an input changes, and only then', () => {
    const state = { ...script('true'), ranAt: '', exitCode: 0 };
    expect(job.diff(state, script('true'))).toEqual({});
    expect(job.diff(state, script('false'))).toEqual({ command: 'update' });
  });

  test('one that fails, or does not end in time, is an error with its last lines', async () => {
    await expect(job.create(script('echo no table; exit 4'), seed)).rejects.toThrow(
      'job seed ended with exit code 4. Its last lines:\nno table',
    );
    await expect(job.create(script('echo waiting; sleep 60', 0.5), seed)).rejects.toThrow(
      'job seed did not end within 0.5 s. Its last lines:\nwaiting',
    );
    expect(localProcesses('test').filter(({ running }) => running)).toEqual([]);
  });
});

test('the processes of a stack are told with their state and stopped together', async () => {
  const { state } = await processResource.create(web(await freePort()), context);
  expect(localProcesses('test').find(({ name }) => name === 'web')).toMatchObject({
    running: true,
    pid: state.pid,
  });
  expect(localProcesses('organization/strata/test')).toEqual(localProcesses('test'));
  expect(await stopProcesses('organization/strata/test')).toEqual(['web']);
  expect(localProcesses('test').find(({ name }) => name === 'web')).toMatchObject({
    running: false,
    logTail: expect.stringContaining('token of 19 characters') as string,
  });
  expect(identify(state.pid)).toBeUndefined();
});
