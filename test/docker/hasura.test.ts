import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { engine } from '../support/docker';
import { freePort } from '../support/ports';
import { ask } from './support/client';
import { container, prefix, type Ports } from './support/platform';
import { absent, openScene, type Scene } from './support/scene';

let scene: Scene;
let port: number;
let secret: string;

const services = { hasura: { enabled: true, replicas: 3 } };

function config({ database }: Ports, more: object = {}): Record<string, unknown> {
  return {
    'strata:services': services,
    // Its connections are counted too.
    'strata:database': { memory: '3G' },
    'strata:docker': { databasePort: database, hasuraPort: port },
    ...more,
  };
}

beforeAll(async () => {
  if (absent) return;
  port = await freePort();
  scene = await openScene(config);
  const kept = await scene.platform.pulumi('stack', 'export', '--show-secrets');
  const { deployment } = JSON.parse(kept) as Exported;
  const admin = deployment.resources.find(({ urn }) => urn.endsWith('::hasura-admin'));
  secret = JSON.parse(admin?.outputs.result.plaintext ?? '""') as string;
});

afterAll(() => {
  if (!absent)
    rmSync(scene.platform.workspace.path('app/hasura'), { recursive: true, force: true });
});

interface Exported {
  readonly deployment: {
    readonly resources: readonly {
      readonly urn: string;
      readonly outputs: { readonly result: { readonly plaintext: string } };
    }[];
  };
}

interface Planned {
  readonly changes: Readonly<Record<string, number>>;
}

interface Metadata {
  readonly resource_version: number;
  readonly metadata: { readonly sources: readonly { readonly name: string; tables?: unknown[] }[] };
}

/** Hasura's metadata API as the engine's machine reaches it. */
async function metadataApi(command: object): Promise<Metadata> {
  const answer = await fetch(`http://127.0.0.1:${String(port)}/v1/metadata`, {
    method: 'POST',
    headers: { 'x-hasura-admin-secret': secret },
    body: JSON.stringify(command),
  });
  return (await answer.json()) as Metadata;
}

const exported = () => metadataApi({ type: 'export_metadata', version: 2, args: {} });

interface Caller {
  readonly data: {
    readonly caller: {
      readonly claims: Readonly<Record<string, unknown>>;
      readonly role: string;
      readonly admin: boolean;
      readonly host: string;
    };
  };
}

describe.skipIf(absent)('Hasura in three replicas (a stand-in for its image)', () => {
  test('has the metadata of the declaration before anybody comes to it', async () => {
    const { metadata } = await exported();
    expect(metadata.sources.map(({ name }) => name)).toEqual(['strata']);
    expect(JSON.stringify(metadata)).toContain('"X-Hasura-Tenant-Id"');
    const { changes } = JSON.parse(await scene.platform.succeed('preview', '--json')) as Planned;
    expect(Object.keys(changes)).toEqual(['same']);
  });

  test('answers through the guard, each replica in its turn, as who the token says', async () => {
    const asked = Array.from({ length: 12 }, () =>
      ask(scene, '/v1/graphql', {
        token: scene.tokenOf('ann'),
        headers: { 'x-hasura-admin-secret': secret, 'x-hasura-role': 'admin' },
        body: { query: '{ __typename }' },
      }),
    );
    const hosts = new Set<string>();
    for (const answer of await Promise.all(asked)) {
      expect(answer.status, answer.text).toBe(200);
      const { caller } = (answer.json() as Caller).data;
      expect(caller).toMatchObject({ role: 'tenant_admin', admin: false });
      expect(caller.claims['x-hasura-tenant-id']).toBe(scene.members.ann.tenantId);
      hosts.add(caller.host);
    }
    expect([...hosts].sort()).toEqual(['hasura-1', 'hasura-2', 'hasura-3']);
  });

  test('shows nobody its own doors: the metadata API, the console, its health', async () => {
    for (const path of [
      '/v1/metadata',
      '/v2/query',
      '/console',
      '/v1/version',
      '/hasura/healthz',
    ]) {
      const headers = { 'x-hasura-admin-secret': secret };
      const token = scene.tokenOf('ann');
      const { status } = await ask(scene, path, { token, headers, method: 'POST', body: {} });
      expect([401, 403, 404], path).toContain(status);
    }
    expect((await ask(scene, '/v1/graphql', { body: { query: '{ __typename }' } })).status).toBe(
      401,
    );
  });

  test('publishes one port, on the loopback address, and holds no secret in its description', async () => {
    for (const replica of [1, 2, 3]) {
      const { HostConfig, Config } = await container('hasura', replica).inspect();
      const bound = Object.values(
        (HostConfig.PortBindings ?? {}) as Record<string, { HostIp: string }[]>,
      );
      expect(bound.flat().map(({ HostIp }) => HostIp)).toEqual(replica === 1 ? ['127.0.0.1'] : []);
      expect(JSON.stringify(Config)).not.toContain(secret);
      expect(JSON.stringify(Config)).not.toContain(scene.outputs.jwt.key);
    }
    expect(secret.length).toBeGreaterThan(32);
  });

  test('is rolled one replica after the other, and no request is lost', async () => {
    const rolled = new AbortController();
    const statuses: number[] = [];
    const asking = (async () => {
      while (!rolled.signal.aborted) {
        const token = scene.tokenOf('bob');
        const { status } = await ask(scene, '/v1/graphql', { token, body: { query: '{ a }' } });
        statuses.push(status);
      }
    })();
    const before = await ids();
    scene.platform.configure(
      config(scene.ports, {
        'strata:services': {
          hasura: { ...services.hasura, env: { HASURA_GRAPHQL_LOG_LEVEL: 'warn' } },
        },
      }),
    );
    await scene.platform.succeed('up').finally(() => rolled.abort());
    await asking;
    expect((await ids()).filter((id) => before.includes(id))).toEqual([]);
    expect(statuses.length).toBeGreaterThan(20);
    expect(statuses.filter((status) => ![200, 429].includes(status))).toEqual([]);
  });

  test('is given what app/hasura adds, and a preview names it', async () => {
    const triggers = [
      { name: 'nightly', schedule: '0 3 * * *', webhook: 'http://functions:3000/x' },
    ];
    scene.platform.workspace.write('app/hasura/cron_triggers.yaml', stringify(triggers));
    expect(await scene.platform.pulumi('preview', '--diff')).toContain('cron_triggers');
    await scene.platform.succeed('up');
    expect((await exported()).metadata).toMatchObject({ cron_triggers: triggers });
  });

  test('is put back to what the program says when somebody has clicked', async () => {
    const { metadata, resource_version } = await exported();
    const open = { ...metadata, sources: metadata.sources.map((one) => ({ ...one, tables: [] })) };
    const args = { metadata: open };
    await metadataApi({ type: 'replace_metadata', version: 2, resource_version, args });
    await scene.platform.succeed('up');
    expect((await exported()).metadata).toEqual(metadata);
  });
});

async function ids(): Promise<string[]> {
  const all = await engine.listContainers({ filters: { name: [`${prefix}hasura-`] } });
  return all.map(({ Id }) => Id);
}
