import type { ContainerCreateOptions, HealthConfig } from 'dockerode';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ready, type ReadyInputs } from '../../provider/docker/ready';
import { ownerLabel } from '../../provider/docker/names';
import { answers, probeInput } from '../../provider/docker/probe';
import { contextFor } from '../support/local';
import {
  containersNamed,
  containersOf,
  engine,
  nodeImage,
  removeAll,
  shell,
  whyNoDocker,
} from '../support/docker';

const reason = await whyNoDocker();
const prefix = 't-provider-ready';
const name = `${prefix}-web`;
const network = `${prefix}-net`;
const context = contextFor('web-1-ready');

function check(script: string, more: Partial<HealthConfig> = {}): ContainerCreateOptions {
  return {
    Healthcheck: {
      Test: ['CMD-SHELL', script],
      Interval: 300e6,
      Timeout: 30e9,
      Retries: 2,
      ...more,
    },
  };
}

function inputs(containerId: string, more: Partial<ReadyInputs> = {}): ReadyInputs {
  return { container: name, containerId, timeoutSeconds: 15, ...more };
}

async function node(script: string): Promise<string> {
  return shell(name, '', {
    Image: nodeImage,
    Cmd: ['node', '-e', script],
    HostConfig: { NetworkMode: network },
  });
}

function probe(url: string): Partial<ReadyInputs> {
  return { probe: { url, network, image: nodeImage } };
}

describe.skipIf(reason)('readiness (a Docker engine)', () => {
  beforeAll(async () => {
    await removeAll(prefix);
    await engine.createNetwork({ Name: network });
  });
  afterEach(async () => {
    for (const one of await containersNamed(prefix)) {
      await engine.getContainer(one).remove({ force: true });
    }
    expect(await containersOf(context.urn)).toEqual([]);
  });
  afterAll(() => removeAll(prefix));

  test('comes when the health check succeeds, and tells meanwhile what it waits for', async () => {
    const id = await shell(
      name,
      'sleep 1; touch /tmp/ok; sleep 60',
      check('echo not yet; test -e /tmp/ok', { Retries: 20 }),
    );
    const lines: string[] = [];
    const { state } = await ready.create(inputs(id), contextFor('web-1-ready', lines));
    expect(state).toEqual({ ...inputs(id), ready: true });
    expect(lines[0]).toMatch(/^waiting for t-provider-ready-web \(0 s\): it is starting/);
    expect(ready.diff(state, inputs(id))).toEqual({});
    expect(ready.diff(state, inputs('another'))).toEqual({ containerId: 'update' });
    expect(await ready.read('', state, context)).toEqual(state);
  });

  test('a container without a check counts once it stays', async () => {
    const id = await shell(name, 'sleep 60');
    expect((await ready.create(inputs(id), context)).state.ready).toBe(true);
  });

  test('one that ends is an error at once, with its exit code and its last lines', async () => {
    const id = await shell(
      name,
      'exec >&2; for i in $(seq 30); do echo line $i; done; printf "\\033[31mno database\\n"; exit 3',
      {
        Env: ['PASSWORD=hunter2-hunter2'],
      },
    );
    const begun = Date.now();
    const failing = ready.create(inputs(id), context);
    await expect(failing).rejects.toThrow(
      /^t-provider-ready-web ended with exit code 3 before it was ready\. Its last lines:\nline 12\n(line \d+\n){18}no database$/,
    );
    await expect(failing).rejects.not.toThrow(/hunter2/);
    expect(Date.now() - begun).toBeLessThan(5_000);
  });

  test.each([
    ['at once', ''],
    ['when it has run for a moment', 'sleep 0.7; '],
  ])('one that ends %s, again and again, is an error long before time is up', async (_, first) => {
    const id = await shell(name, `${first}echo no config; exit 1`, {
      HostConfig: { RestartPolicy: { Name: 'always' } },
    });
    await expect(ready.create(inputs(id, { timeoutSeconds: 60 }), context)).rejects.toThrow(
      /^t-provider-ready-web restarts again and again \(exit code \d+\) before it was ready\. Its last lines:\n(no config\n?)+$/,
    );
  });

  test('one whose check gives it up is an error with what the check said', async () => {
    const id = await shell(name, 'echo started; sleep 60', check('echo port closed; exit 1'));
    await expect(ready.create(inputs(id, { timeoutSeconds: 60 }), context)).rejects.toThrow(
      't-provider-ready-web is unhealthy: port closed before it was ready. Its last lines:\nstarted',
    );
  });

  test('one that needs too long is an error when its time is up', async () => {
    const id = await shell(name, 'sleep 60', check('echo warming up; exit 1', { Retries: 1000 }));
    await expect(ready.create(inputs(id, { timeoutSeconds: 10 }), context)).rejects.toThrow(
      't-provider-ready-web was not healthy within 10 s: it is starting: warming up; it wrote nothing',
    );
  });

  test('a container that does not exist is named', async () => {
    await expect(ready.create(inputs('x'), context)).rejects.toThrow(
      `the Docker engine has no container ${name}`,
    );
  });

  test('what became unhealthy shows at the refresh, and is waited for until it recovers', async () => {
    const id = await shell(name, 'touch /tmp/ok; sleep 60', check('test -e /tmp/ok'));
    const { state } = await ready.create(inputs(id), context);
    const container = engine.getContainer(id);
    const run = async (script: string) => {
      const exec = await container.exec({ Cmd: ['sh', '-c', script], AttachStdout: true });
      const stream = await exec.start({});
      for await (const _ of stream.resume());
    };
    await run('rm /tmp/ok');
    const { State } = await untilUnhealthy(id);
    expect(State.Running).toBe(true);
    const live = (await ready.read('', state, context)) ?? state;
    expect(live).toEqual({ ...state, ready: false });
    expect(ready.diff(live, inputs(id))).toEqual({ ready: 'update' });
    const waiting = ready.update?.('', live, inputs(id), context);
    await run('touch /tmp/ok');
    expect(await waiting).toEqual({ ...inputs(id), ready: true });
  });

  test('what stays unhealthy is given up after as many new checks as made it so', async () => {
    const id = await shell(name, 'sleep 60', check('exit 1'));
    await untilUnhealthy(id);
    const state = { ...inputs(id, { timeoutSeconds: 60 }), ready: false };
    const begun = Date.now();
    await expect(ready.update?.('', state, state, context)).rejects.toThrow('is unhealthy');
    expect(Date.now() - begun).toBeGreaterThan(300);
    expect(Date.now() - begun).toBeLessThan(15_000);
  });

  test('a probe asks over the network, first without and then with an answer', async () => {
    const id = await node(`
      let asked = 0;
      require('http').createServer((_, answer) => { answer.statusCode = asked++ < 3 ? 503 : 204; answer.end(); }).listen(8080);
      require('net').createServer().listen(9000);
    `);
    const http = inputs(id, probe(`http://${name}:8080/-/healthy`));
    const { state } = await ready.create(http, context);
    expect(state).toEqual({ ...http, ready: true });
    expect(await ready.read('', state, context)).toEqual(state);
    const tcp = inputs(id, probe(`tcp://${name}:9000`));
    expect((await ready.create(tcp, context)).state.ready).toBe(true);
    const closed = { ...inputs(id, probe(`tcp://${name}:9001`)), ready: true };
    expect(await ready.read('', closed, context)).toEqual({ ...closed, ready: false });
  });

  test('those who are asked at the same moment share a probe, and each has its own answer', async () => {
    const id = await node(
      `require('http').createServer(({ url }, answer) => answer.writeHead(url === '/good' ? 200 : 500).end()).listen(8080);`,
    );
    await ready.create(inputs(id, probe(`http://${name}:8080/good`)), context);
    const read = async (url: string): Promise<[string, boolean | undefined]> => {
      const state = { ...inputs(id, probe(url)), ready: true };
      return [url, (await ready.read('', state, context))?.ready];
    };
    const expected = [
      [`http://${name}:8080/good`, true],
      [`http://${name}:8080/bad`, false],
      [`tcp://${name}:8080`, true],
      [`http://${name}:8080`, false],
      [`tcp://${name}:1`, false],
      [`http://${name}-other:8080/good`, false],
    ] as const;
    expect(await Promise.all(expected.map(([url]) => read(url)))).toEqual(expected);
    const events = (await engine.getEvents({
      filters: { type: ['container'], event: ['create'], label: [`${ownerLabel}=${context.urn}`] },
    })) as NodeJS.ReadableStream & { destroy(): void };
    let told = '';
    events.on('data', (chunk: Buffer) => (told += chunk.toString()));
    // Who is read looks at its container first, so that not all of them come at the same moment.
    const asked = expected.map(([url]) =>
      answers(engine, { url, network, image: nodeImage }, context),
    );
    expect(await Promise.all(asked)).toEqual(expected.map(([, good]) => good));
    await expect.poll(() => told.trim().split('\n').filter(Boolean)).toHaveLength(1);
    events.destroy();
  });

  test('a redirect is no answer, and why there is none is told', async () => {
    const id = await node(
      `require('http').createServer((_, answer) => answer.writeHead(302, { location: '/' }).end()).listen(8080);`,
    );
    const url = `http://${name}:8080/`;
    await expect(
      ready.create(inputs(id, { ...probe(url), timeoutSeconds: 3 }), context),
    ).rejects.toThrow(
      `${name} was not healthy within 3 s: ${url}: it answers with status 302; it wrote nothing`,
    );
  });

  test('a probe into a network that does not exist is an error at once', async () => {
    const id = await shell(name, 'sleep 60');
    const nowhere = { url: 'http://x:1/', network: `${prefix}-none`, image: nodeImage };
    await expect(ready.create(inputs(id, { probe: nowhere }), context)).rejects.toThrow(
      `the Docker engine says: network ${prefix}-none not found`,
    );
  });

  test('an interruption ends the wait and leaves no probe behind', async () => {
    const id = await shell(name, 'sleep 60', { HostConfig: { NetworkMode: network } });
    const aborting = new AbortController();
    const waiting = ready.create(inputs(id, probe(`http://${name}:1/`)), {
      ...context,
      signal: aborting.signal,
      progress: (text) => {
        if (text.includes('ECONNREFUSED')) aborting.abort(new Error('interrupted'));
      },
    });
    await expect(waiting).rejects.toThrow('interrupted');
    expect(await containersOf(context.urn)).toEqual([]);
  });
});

async function untilUnhealthy(id: string) {
  const events = await engine.getEvents({ filters: { container: [id], event: ['health_status'] } });
  const stream = events as NodeJS.ReadableStream & { destroy(): void };
  for (;;) {
    const now = await engine.getContainer(id).inspect();
    if (now.State.Health?.Status === 'unhealthy') {
      stream.destroy();
      return now;
    }
    await new Promise((resolve) => stream.once('data', resolve));
  }
}

test.each([
  'https://x/',
  'file:///etc/passwd',
  'http://a b/',
  'http://user:pw@x/',
  'tcp://x',
  'tcp://x:1/a',
  'http://x:99999999/',
  '-e',
])('%j is nothing to probe', (url) => {
  expect(probeInput.safeParse({ url, network: 'n', image: nodeImage }).success).toBe(false);
});
