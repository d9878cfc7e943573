import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Registered } from '../support/graph';
import { deploy as deployed, isSecret } from '../support/platform';

// What images are built from is no resource; two files of tests would write it to the same place.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});
vi.mocked(context.writeContext).mockReturnValue();

const containerType = 'docker:index/container:Container';

interface Mount {
  readonly containerPath: string;
  readonly hostPath?: string;
  readonly volumeName?: string;
  readonly readOnly?: boolean;
}

interface ContainerInputs {
  readonly [name: string]: unknown;
  readonly image: string;
  readonly user?: string;
  readonly memory?: number;
  readonly tmpfs?: Readonly<Record<string, string>>;
  readonly memorySwap?: number;
  readonly ports?: readonly unknown[];
  readonly volumes?: readonly Mount[];
}

function deploy(config: Record<string, unknown>, preview = false): Promise<Registered[]> {
  return deployed({ target: 'docker', ...config }, preview);
}

/** The inputs of each container by its name. */
function containersOf(all: readonly Registered[]): Record<string, ContainerInputs> {
  const found = all.filter(({ type }) => type === containerType);
  return Object.fromEntries(
    found.map(({ name, inputs }) => [name, inputs as unknown as ContainerInputs]),
  );
}

function each<T>(
  containers: Readonly<Record<string, ContainerInputs>>,
  fact: (inputs: ContainerInputs) => T,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(containers).map(([name, inputs]) => [name, fact(inputs)]),
  );
}

/** Those for which there is something to say. */
function some<T>(
  containers: Readonly<Record<string, ContainerInputs>>,
  fact: (inputs: ContainerInputs) => readonly T[] | undefined,
): Record<string, readonly T[]> {
  return Object.fromEntries(
    Object.entries(each(containers, fact)).filter(([, said]) => said?.length),
  ) as Record<string, readonly T[]>;
}

const presets = {
  minimal: [
    'database-1',
    'gateway-1',
    'graphql-1',
    'guard-1',
    'pooler-1',
    'pooler-registry-1',
    'redis-1',
    'tenants-1',
  ],
  standard: [
    'alertmanager-1',
    'backup-1',
    'blackbox-exporter-1',
    'cadvisor-1',
    'database-1',
    'functions-1',
    'functions-worker-1',
    'gateway-1',
    'graphql-1',
    'guard-1',
    'nginx-exporter-1',
    'node-exporter-1',
    'object-store-1',
    'pgbouncer-exporter-1',
    'pooler-1',
    'pooler-registry-1',
    'postgres-exporter-1',
    'prometheus-1',
    'redis-1',
    'redis-exporter-1',
    'storage-1',
    'tenants-1',
  ],
} as const;

test('a scanner stands beside the storage where it is asked for, one and as it is pinned', async () => {
  const storage = { replicas: 2, image: 'registry.example.org/files:1' };
  const config = { preset: 'standard', storage: { scan: 'clamav' }, services: { storage } };
  const containers = containersOf(await deploy(config));
  const names = Object.keys(containers).filter((name) => /^(clamav|storage)-/.test(name));
  expect(names.sort()).toEqual(['clamav-1', 'storage-1', 'storage-2']);
  expect(containers['clamav-1']).toMatchObject({
    image: 'sha256:image-clamav',
    volumes: expect.arrayContaining([
      { containerPath: '/var/lib/clamav', volumeName: 'strata-test-signatures-1' },
    ]) as unknown,
  });
});

describe.each([
  ['minimal', true],
  ['minimal', false],
  ['standard', true],
  ['standard', false],
] as const)('the containers of preset %s (with unknowns: %s)', (preset, preview) => {
  let all: Registered[];
  let containers: Record<string, ContainerInputs>;

  beforeAll(async () => {
    all = await deploy({ preset }, preview);
    containers = containersOf(all);
  });

  test('are exactly these', () => {
    expect(Object.keys(containers).sort()).toEqual(presets[preset]);
  });

  test('are closed: no root to write to, no capability, no new privilege, no namespace of the host', () => {
    const closed = {
      capabilities: { drops: ['ALL'], adds: [] },
      securityOpts: ['no-new-privileges:true'],
      readOnly: true,
    };
    const open = ['privileged', 'networkMode', 'pidMode', 'ipcMode', 'usernsMode', 'devices'];
    const more = ['hostConfig', 'uploads', 'hosts', 'groupAdds', 'sysctls', 'runtime'];
    expect(
      each(containers, (inputs) =>
        Object.fromEntries(
          [...Object.keys(closed), ...open, ...more].flatMap((key) =>
            inputs[key] === undefined ? [] : [[key, inputs[key]]],
          ),
        ),
      ),
    ).toEqual(each(containers, () => closed));
  });

  test('run as numeric users that are not root', () => {
    const wrong = some(containers, ({ user = 'none' }) =>
      /^[1-9]\d*:[1-9]\d*$/.test(user) ? [] : [user],
    );
    expect(wrong).toEqual({});
  });

  test('come up again, turn their logs over, and take no more memory than they are given', () => {
    expect(
      each(containers, ({ restart, logDriver, logOpts }) => ({ restart, logDriver, logOpts })),
    ).toEqual(
      each(containers, () => ({
        restart: 'unless-stopped',
        logDriver: 'json-file',
        logOpts: { 'max-file': '3', 'max-size': '10m' },
      })),
    );
    const unlimited = some(containers, ({ memory, memorySwap }) =>
      memory !== undefined && memory > 0 && memorySwap === memory ? [] : [memory],
    );
    expect(unlimited).toEqual({});
  });

  test('fill half of it with what they write to scratch folders, at most', () => {
    const wrong = some(containers, ({ memory = 0, tmpfs = {} }) =>
      Object.values(tmpfs).every((options) => options.includes(`,size=${memory * 2 ** 19},`))
        ? []
        : [tmpfs],
    );
    expect(wrong).toEqual({});
    expect(containers['gateway-1']?.tmpfs).toEqual({
      '/tmp': 'rw,noexec,nosuid,nodev,size=268435456,uid=101,gid=101,mode=1777',
    });
  });

  test('and the jobs, which may not take the memory of the host either', () => {
    const jobs = all.filter(({ type }) => type === 'strata:docker:Job');
    const limits = jobs.map(({ name, inputs }) => [name, Number(inputs.memoryBytes) / 1024 / 1024]);
    expect(Object.fromEntries(limits)).toEqual({
      'database-major': 512,
      ...(preset === 'standard' && { 'backup-bucket': 128 }),
    });
  });

  test('see of the host only what exporters measure, never the engine', () => {
    const measured = {
      'cadvisor-1': [['/sys/fs/cgroup', '/sys/fs/cgroup', true]],
      'node-exporter-1': [
        ['/proc', '/host/proc', true],
        ['/sys', '/host/sys', true],
      ],
    };
    const seen = some(containers, ({ volumes }) =>
      volumes?.flatMap(({ hostPath, containerPath, readOnly }) =>
        hostPath === undefined ? [] : [[hostPath, containerPath, readOnly]],
      ),
    );
    expect(seen).toEqual(preset === 'minimal' ? {} : measured);
  });

  test('publish nothing but the gateway, and the database to this machine alone', () => {
    expect(some(containers, ({ ports }) => ports)).toEqual({
      'database-1': [{ internal: 5432, external: 25432, ip: '127.0.0.1' }],
      'gateway-1': [
        { internal: 8080, external: 80 },
        { internal: 8443, external: 443 },
      ],
    });
  });

  test('are in the network of the stack alone, under the name of their service', () => {
    expect(each(containers, ({ networksAdvanced }) => networksAdvanced)).toEqual(
      Object.fromEntries(
        Object.keys(containers).map((name) => [
          name,
          [{ name: 'strata-test-network', aliases: [name.replace(/-1$/, '')] }],
        ]),
      ),
    );
  });

  test('are made from images of one version', () => {
    const images = all
      .filter(({ type }) => type === 'docker:index/remoteImage:RemoteImage')
      .map(({ inputs }) => String(inputs.name));
    expect(images.length).toBeGreaterThan(2);
    expect(
      images.filter((name) => !/:[\w.-]*\d[\w.-]*(@sha256:[0-9a-f]{64})?$/.test(name)),
    ).toEqual([]);
  });

  test('find their files in a volume that is theirs and read-only, whose contents are secret', () => {
    const files = all.filter(({ type }) => type === 'strata:docker:Files');
    // What is unknown yet has no value that could be secret.
    if (preview) return;
    expect(files.filter(({ inputs }) => !isSecret(inputs.files)).map(({ name }) => name)).toEqual(
      [],
    );
    const mounted = some(containers, ({ volumes }) =>
      volumes?.flatMap(({ volumeName = '', containerPath, readOnly }) =>
        volumeName.startsWith('volume-of-') ? [[volumeName, containerPath, readOnly]] : [],
      ),
    );
    const ofJobs = all
      .filter(({ type }) => type === 'strata:docker:Job')
      .flatMap(({ name, inputs }) =>
        Object.entries(inputs.volumes as Record<string, { volume: string; writable?: boolean }>)
          .filter(([, { volume }]) => volume.startsWith('volume-of-'))
          .map(([at, { volume, writable }]) => [`${name}-1`, [[volume, at, !writable]]]),
      );
    expect({ ...mounted, ...(Object.fromEntries(ofJobs) as typeof mounted) }).toEqual(
      Object.fromEntries(
        files.map(({ name }) => [
          `${name.slice('files-'.length)}-1`,
          [[`volume-of-${name}`, '/run/strata', true]],
        ]),
      ),
    );
  });
});

test('only the log shipper sees the engine, and only when it was asked for', async () => {
  const all = await deploy({ preset: 'standard', monitoring: { logs: true } });
  const socket = '/var/run/docker.sock';
  expect(
    some(containersOf(all), ({ volumes }) =>
      volumes?.filter(({ hostPath }) => hostPath?.includes('docker')),
    ),
  ).toEqual({ 'alloy-1': [{ containerPath: socket, hostPath: socket, readOnly: true }] });
});

test('a custom service publishes the port that the config says', async () => {
  const customServices = { shop: { image: 'shop:1.2.3', port: 8001, publish: 18001 } };
  const containers = containersOf(await deploy({ customServices }));
  expect(containers['shop-1']?.ports).toEqual([{ internal: 8001, external: 18001 }]);
  expect(Object.keys(some(containers, ({ ports }) => ports)).sort()).toEqual([
    'database-1',
    'gateway-1',
    'shop-1',
  ]);
});
