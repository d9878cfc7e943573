import { describe, expect, test } from 'vitest';
import { certificateNames } from '../../components/data/certificates';
import { linked } from '../../components/links/linked';
import { linkCertificates } from '../../components/links/names';
import { portsOf } from '../../components/links/ports';
import { planOf } from '../../components/plan';
import { monitoring } from '../../components/services/monitoring/monitoring';
import type { Service, Workload } from '../../components/services/service';
import { presetNames } from '../../components/settings/names';
import { renderCompose } from '../../components/targets/compose/render';
import type { ServerGroup } from '../../components/targets/target';
import { groupsOf } from '../../components/tiers/placement';
import { parseCompose } from '../support/compose';
import { service } from '../support/gateway/platform';
import { settingsOf } from '../support/platform';

const everything = {
  target: 'docker',
  monitoring: { logs: true, traces: true, dashboards: true },
};
const addresses = { server: '10.0.0.1', data: '10.0.0.2', operations: '10.0.0.3', app: '10.0.0.4' };
const settings = settingsOf({ ...everything, preset: 'standard', storage: { scan: 'clamav' } });

function withLinks(groups: readonly ServerGroup[]): ServerGroup[] {
  return linked(groups, (group) => addresses[group], settings);
}

function group(name: ServerGroup['name'], services: Service[], more = {}): ServerGroup {
  return { name, count: 1, balanced: false, services, ...more };
}

/** The names of a group's services that it did not have before. */
function added(before: ServerGroup | undefined, after: ServerGroup | undefined): string[] {
  const own = before?.services ?? [];
  return (after?.services ?? []).filter((one) => !own.includes(one)).map(({ name }) => name);
}

function find(groups: readonly ServerGroup[], at: number, name: string): Workload {
  const found = groups[at]?.services.find((one) => one.name === name);
  if (found?.kind !== 'workload') throw new Error(`no workload ${name} on server ${at}`);
  return found;
}

function configuration({ files }: Workload): string {
  return files['nginx.conf'] as string;
}

const job: Service = {
  kind: 'job',
  name: 'once',
  environment: {},
  secrets: {},
  files: {},
  needs: [],
  timeoutSeconds: 1,
};

const shop = service('shop', 3000);
const store = service('store', 4000);

describe('links between groups of servers', () => {
  test('are none on one server', () => {
    const groups = groupsOf('single', planOf(settings));
    expect(withLinks(groups)).toEqual(groups);
  });

  test('lead from each to all before it, and never back', () => {
    const groups = [group('data', [store]), group('operations', [shop]), group('app', [])];
    const result = withLinks(groups);
    expect(result.map((one, at) => added(groups[at], one))).toEqual([
      ['links'],
      ['store', 'links'],
      ['store', 'shop'],
    ]);
    expect(configuration(find(result, 2, 'store'))).toContain('proxy_pass 10.0.0.2:9443;');
    expect(configuration(find(result, 2, 'shop'))).toContain('proxy_pass 10.0.0.3:9443;');
    expect(configuration(find(result, 1, 'links'))).not.toContain('store');
  });

  test.each([
    ['of several servers', [group('data', [store], { count: 2 }), group('app', [shop])]],
    ['behind a balancer', [group('data', [store], { balanced: true }), group('app', [shop])]],
    ['that stands on both', [group('data', [store]), group('app', [store])]],
    [
      'that nobody can ask',
      [group('data', [job, { ...store, port: undefined }]), group('app', [])],
    ],
  ])('lead to no service %s', (_, groups) => {
    expect(withLinks(groups)).toEqual(groups);
  });

  test('lead to each port of a service by a name of its own', () => {
    const many: Workload = { ...store, metrics: { port: 4001, path: '/' }, expose: [4002, 4000] };
    expect(portsOf(many)).toEqual([4000, 4001, 4002]);
    const result = withLinks([group('data', [many]), group('app', [])]);
    const asked = [...configuration(find(result, 1, 'store')).matchAll(/proxy_ssl_name (.*);/g)];
    expect(asked.map(([, name]) => name)).toEqual([
      'store-4000.links.internal',
      'store-4001.links.internal',
      'store-4002.links.internal',
    ]);
    for (const [, name = ''] of asked) {
      const [, port = ''] = /-(\d+)\./.exec(name) ?? [];
      const row = `"SUCCESS CN=links-client ${name}" store:${port};`;
      expect(configuration(find(result, 0, 'links'))).toContain(row);
    }
  });

  test('have ends without root, capabilities or a root that can be written, and one open port', () => {
    const result = withLinks([group('data', [store]), group('app', [])]);
    const common = {
      kind: 'workload',
      entrypoint: ['nginx'],
      command: ['-e', 'stderr', '-c', '/run/strata/files/nginx.conf'],
      environment: {},
      scratch: ['/tmp'],
      user: '101:101',
      needs: [],
      readsSchema: false,
      routes: {},
      replicas: 1,
    };
    const { files: _in, image, metrics, sysctls, ...wayIn } = find(result, 0, 'links');
    expect(wayIn).toEqual({
      ...common,
      name: 'links',
      secrets: shown('links'),
      resources: { memory: '256M' },
      port: 9443,
      published: { 9443: 9443 },
    });
    const { files: _out, ...wayOut } = find(result, 1, 'store');
    expect(wayOut).toEqual({
      ...common,
      name: 'store',
      image,
      metrics,
      sysctls,
      secrets: shown('links-client'),
      resources: { memory: '192M' },
      port: 4000,
      expose: [],
    });
    expect(image).toMatch(/^docker\.io\/library\/nginx:/);
  });

  test('find out in two minutes that a peer is gone, in Compose too', () => {
    const [, app] = withLinks([group('data', [store]), group('app', [])]);
    const files = renderCompose({
      stack: 'prod',
      services: app?.services ?? [],
      schemaVersion: '',
      nodeImage: 'node',
      secret: () => 'secret',
      fingerprint: () => 'revision',
    });
    const { services } = parseCompose(files['compose.yaml']?.text ?? '');
    expect(services.store).toMatchObject({
      sysctls: {
        'net.ipv4.tcp_keepalive_time': '60',
        'net.ipv4.tcp_keepalive_intvl': '10',
        'net.ipv4.tcp_keepalive_probes': '6',
      },
    });
  });
});

function shown(certificate: string) {
  return {
    CERTIFICATE: { certificate, part: 'certificate' },
    CERTIFICATE_KEY: { certificate, part: 'key' },
    AUTHORITY: { authority: 'certificate' },
  };
}

describe.each(presetNames)('preset %s on several servers', (preset) => {
  /** What each tier has: where there are several servers, more looks at them. */
  const aws = { ...everything, target: 'aws', domain: 'example.org', preset };
  const plans = {
    split: planOf(settingsOf({ ...aws, tier: 'split' })),
    'load-balanced': planOf(
      settingsOf({ ...aws, tier: 'load-balanced', database: { memory: '8G' } }),
    ),
  };

  /** What a service names with a port in anything that it is told: `object-store:3900`. */
  function named(
    { environment, files, command, secretEnvironment }: Service,
    all: readonly Service[],
  ): string[] {
    const text = JSON.stringify([environment, files, command, secretEnvironment]);
    return all.flatMap((other) =>
      [...text.matchAll(new RegExp(`(?<![\\w.-])${other.name}:\\d+`, 'g'))].map(([whole]) => whole),
    );
  }

  /** Services that something names and that its server leads nowhere. */
  function unfound(groups: readonly ServerGroup[], all: readonly Service[]): string[] {
    return groups.flatMap(({ services }) => {
      const found = services.flatMap((one) =>
        one.kind === 'workload' ? [one.name, ...portsOf(one).map((p) => `${one.name}:${p}`)] : [],
      );
      // The gateway's ports are published: whoever asks it from elsewhere asks the balancer.
      const own = services.some(({ name }) => name === 'gateway')
        ? ['gateway:8443', 'gateway:8081']
        : [];
      return services.flatMap((one) =>
        named(one, all)
          .filter((asked) => ![...found, ...own].includes(asked))
          .map((asked) => `${one.name} asks ${asked}`),
      );
    });
  }

  test.each(['split', 'load-balanced'] as const)(
    'has in tier %s a way to each service and port that another one names',
    (tier) => {
      const plan = plans[tier];
      expect(unfound(withLinks(groupsOf(tier, plan)), plan.all)).toEqual([]);
    },
  );

  test.each(['split', 'load-balanced'] as const)(
    'has in tier %s whatever a service needs of the servers before',
    (tier) => {
      const groups = withLinks(groupsOf(tier, plans[tier]));
      const missing = groups.flatMap(({ services }, at) => {
        const before = groups.slice(0, at).flatMap((other) => other.services);
        const here = services.map(({ name }) => name);
        const needed = services.flatMap(({ needs }) => needs);
        return before.filter(
          (one) => one.kind === 'workload' && needed.includes(one.name) && !here.includes(one.name),
        );
      });
      expect(missing.map(({ name }) => name)).toEqual([]);
    },
  );

  test.each(['split', 'load-balanced'] as const)(
    'has no name twice on a server of tier %s',
    (tier) => {
      for (const { services } of withLinks(groupsOf(tier, plans[tier]))) {
        const called = services.map(({ name }) => name);
        expect(called).toEqual([...new Set(called)]);
      }
    },
  );
});

describe('mail and files', () => {
  const plan = planOf(settingsOf({ ...everything, preset: 'supabase' }));
  const groups = withLinks(groupsOf('load-balanced', plan));

  test.each([
    ['mailhog', 1025],
    ['object-store', 3900],
    ['tempo', 4318],
  ])('%s is found at %i, which is not the port of its health', (name, port) => {
    expect(find(groups, 2, name).port).not.toBe(port);
    expect(configuration(find(groups, 2, name))).toContain(`listen ${port} `);
  });
});

describe('certificates of links', () => {
  test('are two, for several servers alone', () => {
    expect(certificateNames([], [], linkCertificates('single'))).toEqual({});
    expect(certificateNames([], [], linkCertificates('split'))).toEqual({
      links: ['*.links.internal'],
      'links-client': ['links-client'],
    });
  });

  test('are those that the ends ask for', () => {
    const ends = withLinks([group('data', [store]), group('app', [shop])]).flatMap(
      (one) => one.services,
    );
    expect(Object.keys(certificateNames(ends, []))).toEqual(linkCertificates('split'));
  });

  test('are watched where there are several servers', () => {
    const watched = (tier: 'single' | 'split') => {
      const [prometheus] = monitoring({ ...settings, tier }, planOf(settings).services);
      const rules = prometheus?.files['rules.yml'];
      return typeof rules === 'string' ? [] : Object.keys(rules?.secrets ?? {});
    };
    expect(watched('split')).toEqual([...watched('single'), 'end-of-links', 'end-of-links-client']);
  });
});
