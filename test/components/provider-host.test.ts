import {
  CheckRequest,
  ConfigureRequest,
  CreateRequest,
  DiffRequest,
  PropertyDiff,
  ReadRequest,
  UpdateRequest,
  type CheckResponse,
  type ConfigureResponse,
  type CreateResponse,
  type DiffResponse,
  type ReadResponse,
  type UpdateResponse,
} from '@pulumi/pulumi/proto/provider_pb';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { receive, send, unknown } from '../../provider/host/values';
import { findBinaries } from '../../provider/local/postgres/binaries';
import { follow } from '../support/follow';
import { ProviderProcess } from '../support/provider';

const url = 'postgresql://strata_migrator:hunter2hunter2@127.0.0.1:1/strata';

let provider: ProviderProcess;

beforeAll(async () => {
  provider = await ProviderProcess.start();
}, 30_000);

afterAll(() => provider.stop());

function urn(type: string, name: string): string {
  return `urn:pulumi:local::strata::strata:index:Platform$${type}::${name}`;
}

function check(type: string, inputs: object, secret: string[] = []): Promise<CheckResponse> {
  const request = new CheckRequest().setUrn(urn(type, 'thing')).setNews(send(inputs, secret));
  return provider.call(provider.client.check.bind(provider.client), request);
}

async function reasons(type: string, inputs: object, secret: string[] = []): Promise<string[]> {
  const response = await check(type, inputs, secret);
  return response.getFailuresList().map((failure) => failure.getReason());
}

const login = { url, cluster: '1', role: 'strata_app', password: 'a password of some length' };

const postgres = {
  volume: '.strata/stacks/local/volumes/none',
  port: 45_999,
  database: 'strata',
  password: 'a password of some length',
  settings: { max_connections: '20' },
};

const postgresState = {
  ...postgres,
  systemIdentifier: '42',
  version: findBinaries().version.replace(/^(\d+\.\d+).*/, '$1'),
  running: true,
  address: '127.0.0.1:45999',
};

describe('check', () => {
  test('all bad inputs are reported together, with the value received', async () => {
    const bad = { ...login, cluster: 7, role: 'Not A Role', rolle: 'x' };
    expect(await reasons('strata:database:Login', bad)).toEqual([
      'cluster: expected string, received 7',
      expect.stringMatching(/^role: .*received "Not A Role"$/),
      'unknown property rolle: did you mean role?',
    ]);
  });

  test('a missing input is named', async () => {
    const { role: _role, ...rest } = login;
    expect(await reasons('strata:database:Login', rest)).toEqual([
      'role is required: expected string',
    ]);
  });

  test('the value of a secret is not repeated, and no property for the engine to print it', async () => {
    const response = await check('strata:database:Login', { ...login, password: 'short' }, [
      'password',
    ]);
    const [failure] = response.getFailuresList();
    expect(failure?.getReason()).toMatch(/^password: Too small/);
    expect(failure?.getReason()).not.toContain('"short"');
    expect(failure?.getProperty()).toBe('');
  });

  test('an unknown input is not judged, the known ones beside it are', async () => {
    expect(await reasons('strata:database:Login', { ...login, password: unknown })).toEqual([]);
    expect(
      await reasons('strata:local:Postgres', { ...postgres, password: unknown, port: 0 }),
    ).toHaveLength(1);
  });

  test('settings that Postgres does not take are refused although the password is not known yet', async () => {
    const settings = { max_connections: 'many' };
    expect(
      await reasons('strata:local:Postgres', { ...postgres, settings, password: unknown }),
    ).toEqual(['settings: invalid value for parameter "max_connections": "many"']);
    expect(
      await reasons('strata:local:Postgres', { ...postgres, settings: { port: '1' } }),
    ).toEqual(['settings.port is decided by Strata: take it out']);
  });

  test('the inputs come back as they were given, secrets included', async () => {
    const response = await check('strata:database:Login', login, ['url', 'password']);
    expect(response.getFailuresList()).toEqual([]);
    const { values, secretProperties } = receive(response.getInputs());
    expect(values).toEqual(login);
    expect(secretProperties).toEqual(new Set(['url', 'password']));
  });
});

describe('diff', () => {
  function diff(type: string, state: object, inputs: object): Promise<DiffResponse> {
    const request = new DiffRequest()
      .setUrn(urn(type, 'thing'))
      .setId('thing')
      .setOlds(send(state))
      .setNews(send(inputs));
    return provider.call(provider.client.diff.bind(provider.client), request);
  }

  function detail(response: DiffResponse): Record<string, PropertyDiff.Kind> {
    const entries = response.getDetaileddiffMap().getEntryList() as unknown as [string, unknown][];
    return Object.fromEntries(
      entries.map(([name]) => [name, response.getDetaileddiffMap().get(name)?.getKind() ?? -1]),
    ) as Record<string, PropertyDiff.Kind>;
  }

  test('equal inputs are no change', async () => {
    const response = await diff('strata:local:Postgres', postgresState, postgres);
    expect(response.getChanges()).toBe(1);
    expect(response.getDiffsList()).toEqual([]);
  });

  test('each changed property is listed, a replacing one as such and deleted first', async () => {
    const response = await diff('strata:local:Postgres', postgresState, {
      ...postgres,
      port: 46_000,
      volume: '.strata/stacks/local/volumes/other',
    });
    const { UPDATE, UPDATE_REPLACE } = PropertyDiff.Kind;
    expect(detail(response)).toEqual({ port: UPDATE, volume: UPDATE_REPLACE });
    expect(response.getReplacesList()).toEqual(['volume']);
    expect(response.getDeletebeforereplace()).toBe(true);
  });

  test('properties that come and go are told from those that change', async () => {
    const process = {
      command: ['node', 'x.js'],
      workdir: '.',
      environment: {},
      secrets: {},
      files: {},
      stopGraceSeconds: 1,
    };
    const state = { ...process, port: 45_999, running: true, pid: 1, log: 'x' };
    const health = { tcp: 45_999, timeoutSeconds: 3 };
    const { ADD, DELETE } = PropertyDiff.Kind;
    expect(detail(await diff('strata:local:Process', state, { ...process, health }))).toEqual({
      health: ADD,
      port: DELETE,
    });
  });

  test('so are members of a record, whatever their names are', async () => {
    const known = {
      endpoint: 'http://127.0.0.1:1',
      adminSecret: 'x',
      url: 'postgresql://a@b/c',
      cluster: '1',
      schema: '1',
      tables: {},
      others: {},
      application: {},
    };
    const before = { 'app.a: member may select': { filter: {} }, 'app.b': { filter: {} } };
    const after = { 'app.b': { filter: { x: {} } }, 'app.c': { filter: {} } };
    const { ADD, DELETE, UPDATE } = PropertyDiff.Kind;
    const state = { ...known, permissions: before, applied: 'x', live: 'x' };
    const response = await diff('strata:hasura:Metadata', state, { ...known, permissions: after });
    expect(detail(response)).toEqual({
      'permissions["app.a: member may select"]': DELETE,
      'permissions["app.b"]': UPDATE,
      'permissions["app.c"]': ADD,
    });
  });

  test('a server of another version than the one that is installed asks for an update', async () => {
    const response = await diff(
      'strata:local:Postgres',
      { ...postgresState, version: '18.0' },
      postgres,
    );
    expect(detail(response)).toEqual({ version: PropertyDiff.Kind.UPDATE });
  });

  test('a server that does not run asks for an update', async () => {
    const response = await diff(
      'strata:local:Postgres',
      { ...postgresState, running: false },
      postgres,
    );
    expect(detail(response)).toEqual({ running: PropertyDiff.Kind.UPDATE });
  });
});

describe('preview', () => {
  test('a new resource has its inputs, with unknown outputs and secrets as they were', async () => {
    const request = new CreateRequest()
      .setUrn(urn('strata:local:Postgres', 'database'))
      .setProperties(send({ ...postgres, password: unknown }, ['password']))
      .setPreview(true);
    const response: CreateResponse = await provider.call(
      provider.client.create.bind(provider.client),
      request,
    );
    const { values, secretProperties } = receive(response.getProperties());
    expect(values).toEqual({
      ...postgres,
      password: unknown,
      systemIdentifier: unknown,
      version: unknown,
      running: unknown,
      address: unknown,
    });
    expect([...secretProperties]).toEqual(['password']);
  });

  test('an update keeps what it does not change, so that nothing behind it seems to change', async () => {
    const request = new UpdateRequest()
      .setUrn(urn('strata:local:Postgres', 'database'))
      .setId('database')
      .setOlds(send(postgresState, ['password']))
      .setNews(send({ ...postgres, settings: {} }, ['password']))
      .setPreview(true);
    const response: UpdateResponse = await provider.call(
      provider.client.update.bind(provider.client),
      request,
    );
    expect(receive(response.getProperties()).values).toEqual({
      ...postgres,
      settings: {},
      systemIdentifier: '42',
      version: unknown,
      running: unknown,
      address: unknown,
    });
  });
});

describe('create, read, errors', () => {
  test('a generated password is returned once made, and kept by a refresh with its inputs', async () => {
    const request = new CreateRequest()
      .setUrn(urn('strata:secrets:Password', 'jwt-key'))
      .setProperties(send({ length: 40 }));
    const made: CreateResponse = await provider.call(
      provider.client.create.bind(provider.client),
      request,
    );
    expect(receive(made.getProperties()).values.result).toMatch(/^[A-Za-z0-9]{40}$/);

    const again = new ReadRequest()
      .setUrn(request.getUrn())
      .setId(made.getId())
      .setProperties(send(receive(made.getProperties()).values, ['result']));
    const read: ReadResponse = await provider.call(
      provider.client.read.bind(provider.client),
      again,
    );
    expect(receive(read.getProperties())).toEqual(receive(again.getProperties()));
    expect(receive(read.getInputs()).values).toEqual({ length: 40 });
  });

  test('progress reaches the engine; an error is one sentence with the log, without secrets or a stack', async () => {
    const seen = path.join(provider.folder, 'seen');
    const request = new CreateRequest().setUrn(urn('strata:local:Job', 'leaky')).setProperties(
      send(
        {
          command: [
            'sh',
            '-c',
            `until [ -e ${seen} ]; do sleep 0.1; done; cat "$TOKEN_FILE"; env; exit 7`,
          ],
          workdir: '.',
          environment: {},
          secrets: { TOKEN: 'hunter2hunter2' },
          files: {},
          timeoutSeconds: 20,
        },
        ['secrets'],
      ),
    );
    const failed = provider.call(provider.client.create.bind(provider.client), request).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    await expect
      .poll(() => provider.lines)
      .toContainEqual(expect.stringContaining('running leaky'));
    writeFileSync(seen, '');
    const error = await failed;
    expect(error?.message).toContain('job leaky ended with exit code 7. Its last lines:\n[secret]');
    expect(error?.message).not.toContain('hunter2');
    expect(error?.message).not.toContain('SECRET_OF_THE_ENGINE');
    expect(error?.message).not.toContain('    at ');
  });

  test('a resource type that does not exist is refused by name', async () => {
    await expect(check('strata:local:Postgers', {})).rejects.toThrow(
      'strata has no resource strata:local:Postgers',
    );
  });

  test('any configuration of the provider is taken, with secrets and previews', async () => {
    const response: ConfigureResponse = await provider.call(
      provider.client.configure.bind(provider.client),
      new ConfigureRequest(),
    );
    expect(response.toObject()).toMatchObject({ acceptsecrets: true, supportspreview: true });
  });
});

test('the provider ends when the engine is killed', async () => {
  const engine = spawn(
    'sh',
    ['-c', `"${provider.folder}/provider/pulumi-resource-strata" & wait`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const both = follow(engine);
  await both.line(/^\d+$/);
  engine.kill('SIGKILL');
  // The output that they share is closed with the last of them.
  expect((await both.ended).code).toBeNull();
});
