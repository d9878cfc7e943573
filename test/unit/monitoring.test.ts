import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { monitoring } from '../../components/services/monitoring/monitoring';
import type { Workload } from '../../components/services/service';
import { platform, rulesIn, settingsWith } from '../support/monitoring/settings';
import { available, check } from '../support/monitoring/tools';

const everything = monitoring(
  settingsWith({ dashboards: true, logs: true, traces: true }),
  platform,
);

function named(name: string): Workload {
  const found = everything.find((workload) => workload.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

interface Job {
  readonly job_name: string;
  readonly metrics_path: string;
  readonly params?: unknown;
  readonly static_configs?: readonly {
    readonly targets: readonly string[];
    readonly labels?: unknown;
  }[];
  readonly dns_sd_configs?: unknown;
}

const config = parse(named('prometheus').files['prometheus.yml'] as string) as {
  readonly scrape_configs: readonly Job[];
};

function job(name: string): Job | undefined {
  return config.scrape_configs.find(({ job_name }) => job_name === name);
}

test('there is an exporter for what is there, and no more', () => {
  expect(monitoring(settingsWith(), []).map(({ name }) => name)).toEqual([
    'prometheus',
    'alertmanager',
    'node-exporter',
    'cadvisor',
    'postgres-exporter',
  ]);
  expect(everything.map(({ name }) => name)).toEqual([
    'prometheus',
    'alertmanager',
    'node-exporter',
    'cadvisor',
    'postgres-exporter',
    'redis-exporter',
    'pgbouncer-exporter',
    'nginx-exporter',
    'blackbox-exporter',
    'loki',
    'alloy',
    'tempo',
    'grafana',
  ]);
});

test('everything with figures is read, each replica of what has several', () => {
  const jobs = config.scrape_configs.map(({ job_name }) => job_name);
  expect(new Set(jobs).size).toBe(jobs.length);
  expect(jobs).toEqual(
    expect.arrayContaining([
      'prometheus',
      'storage',
      ...everything.filter(({ metrics }) => metrics).map(({ name }) => name),
    ]),
  );
  expect(job('storage')?.static_configs).toEqual([{ targets: ['storage:8000'] }]);
  expect(job('guard')?.dns_sd_configs).toEqual([
    { names: ['guard'], type: 'A', port: 8000, refresh_interval: '15s' },
  ]);
  expect(job('alertmanager')?.metrics_path).toBe('/operator/alertmanager/metrics');
});

test('every route is tried through the gateway, by its host and by who may use it', () => {
  const probe = (access: string) => {
    const { params, static_configs: targets = [] } = job(`probe-${access}`) ?? {};
    return { params, targets: targets.map(({ targets, labels }) => [...targets, labels]) };
  };
  expect(probe('public')).toEqual({
    params: { module: ['public'] },
    targets: [
      ['https://gateway:8443/', { service: 'storage', host: 'cdn.example.org', path: '/' }],
    ],
  });
  expect(probe('graphql')).toEqual({
    params: { module: ['graphql'] },
    targets: [
      [
        'https://gateway:8443/graphql',
        { service: 'graphql', host: 'example.org', path: '/graphql' },
      ],
    ],
  });
});

test('every service is asked for its health from inside, but what an exporter asks already', () => {
  const asked = (how: string) => {
    const { params, static_configs: targets = [] } = job(`health-${how}`) ?? {};
    return { params, targets: targets.map(({ targets, labels }) => [...targets, labels]) };
  };
  const { params, targets } = asked('path');
  expect(params).toEqual({ module: ['path'] });
  expect(targets).toEqual(
    expect.arrayContaining([
      ['http://graphql:3000/healthz', { service: 'graphql' }],
      ['http://prometheus:9090/operator/prometheus/-/ready', { service: 'prometheus' }],
    ]),
  );
  // The rest is monitoring itself, which all has a path.
  expect(targets).toHaveLength(everything.length + 1);
  expect(asked('port')).toEqual({
    params: { module: ['port'] },
    targets: [['gotrue:9999', { service: 'gotrue' }]],
  });
});

test('the operators’ pages are tried too, and refuse strangers', () => {
  const operator = job('probe-operator');
  expect(operator?.static_configs?.flatMap(({ targets }) => targets)).toEqual([
    'https://gateway:8443/operator/prometheus/',
    'https://gateway:8443/operator/alertmanager/',
    'https://gateway:8443/operator/grafana/',
  ]);
});

test('logs and traces are on volumes, and only where they are asked for', () => {
  const kept = (workloads: readonly Workload[]) =>
    workloads.flatMap(({ name, volumes }) => (volumes ? [[name, volumes]] : []));
  expect(kept(everything)).toEqual([
    ['prometheus', { '/prometheus': 'metrics' }],
    ['alertmanager', { '/alertmanager': 'alerts' }],
    ['loki', { '/loki': 'logs' }],
    ['tempo', { '/var/tempo': 'traces' }],
  ]);
  expect(kept(monitoring(settingsWith(), platform)).map(([name]) => name)).toEqual([
    'prometheus',
    'alertmanager',
  ]);
  expect(named('loki').scratch).toBeUndefined();
  expect(named('tempo').scratch).toBeUndefined();
});

test('nothing publishes a port, is privileged, or writes to its root; users are numbers', () => {
  for (const workload of everything) {
    expect(workload).not.toHaveProperty('published');
    expect(workload).not.toHaveProperty('capabilities');
    expect(workload).not.toHaveProperty('writableRoot');
    expect(workload).not.toHaveProperty('secretEnvironment');
    expect(workload.user).toMatch(/^\d+:\d+$/);
    for (const { access } of Object.values(workload.routes)) expect(access).toBe('operator');
  }
});

test('only the log shipper is root and has the socket, and only three see something of the host', () => {
  const seen = everything.flatMap(({ name, hostFolders, user }) =>
    hostFolders ? [[name, user, ...Object.keys(hostFolders)]] : [],
  );
  expect(seen).toEqual([
    ['node-exporter', '65533:65533', '/proc', '/sys'],
    ['cadvisor', '65534:65534', '/sys/fs/cgroup'],
    ['alloy', '0:0', '/var/run/docker.sock'],
  ]);
  const others = everything.filter(({ name }) => name !== 'node-exporter');
  expect(others.map(({ user }) => user)).not.toContain('65533:65533');
});

test('passwords are files, and addresses of databases are verified', () => {
  expect(named('postgres-exporter').files.uri).toBe(
    'database:5432/strata?sslmode=verify-full&sslrootcert=/run/strata/secrets/AUTHORITY\n',
  );
  expect(named('postgres-exporter').secrets).toEqual({
    DATA_SOURCE_PASS: { passwordOf: 'strata_monitor' },
    AUTHORITY: { authority: 'database' },
  });
  expect(named('pgbouncer-exporter').command).toEqual(['@/run/strata/files/arguments']);
  expect(named('grafana').environment).toMatchObject({
    GF_SECURITY_ADMIN_PASSWORD__FILE: '/run/strata/secrets/ADMIN_PASSWORD',
    GF_AUTH_ANONYMOUS_ENABLED: 'false',
    GF_USERS_ALLOW_SIGN_UP: 'false',
  });
});

test('figures are kept as long as the settings say', () => {
  const settings = settingsWith({ retention: { days: 30, size: '512M' } });
  expect(monitoring(settings, [])[0]?.command).toEqual(
    expect.arrayContaining([
      '--storage.tsdb.retention.time=30d',
      '--storage.tsdb.retention.size=512MB',
      '--web.external-url=https://example.org/operator/prometheus/',
      '--web.route-prefix=/operator/prometheus/',
    ]),
  );
});

test('the same settings give the same files', () => {
  const again = monitoring(settingsWith({ dashboards: true, logs: true, traces: true }), platform);
  expect(again).toEqual(everything);
});

test.runIf(available('promtool', 'prometheus'))('promtool accepts the configuration', () => {
  const { files } = named('prometheus');
  const text = (files['prometheus.yml'] as string).replaceAll('/run/strata/files/', '');
  const said = check('promtool', ['check', 'config', 'prometheus.yml'], {
    'prometheus.yml': text,
    'rules.yml': rulesIn(named('prometheus')),
  });
  expect(said).toMatchObject({ status: 0 });
});

describe('several like servers', () => {
  const settings = { ...settingsWith({ logs: true }), tier: 'load-balanced' as const };
  const there = monitoring(settings, platform);
  const found = (name: string) => there.find((workload) => workload.name === name);
  const jobsOf = (name: string) => {
    const text = found(name)?.files['prometheus.yml'] as string;
    const { scrape_configs: jobs } = parse(text) as { scrape_configs: Job[] };
    return jobs.map(({ job_name: called }) => called);
  };

  test('each is read on itself, and everything is read by somebody, once', () => {
    const [here, on] = [jobsOf('prometheus'), jobsOf('prometheus-agent')];
    expect(on).toEqual(
      expect.arrayContaining(['guard', 'node-exporter', 'alloy', 'probe-public', 'health-path']),
    );
    expect(here).toEqual(
      expect.arrayContaining(['prometheus', 'node-exporter-data', 'node-exporter-operations']),
    );
    const ofSingle = config.scrape_configs.map(({ job_name: called }) => called);
    const all = [...here, ...on];
    expect(new Set(all).size).toBe(all.length);
    expect(ofSingle.filter((called) => !all.includes(called))).toEqual(['tempo', 'grafana']);
  });

  test('one that is missing is an alert, replica by replica', () => {
    const [rule] = rulesNamed('TargetMissing', there);
    expect(rule?.expr).toContain('(count by (job) (up{job="guard"} == 1) < 6)');
    expect(rule?.expr).toContain('(count by (job) (up{job="functions"} == 1) < 3)');
    expect(rule?.expr).toContain('absent(up{job="node-exporter-data"})\n');
  });

  test('what one said last is forgotten before an alert of it could fire', () => {
    expect(found('prometheus')?.command).toContain('--query.lookback-delta=1m');
    const atOnce = ['TargetDown', 'ServiceUnhealthy', 'RouteFails'].flatMap((name) =>
      rulesNamed(name, there).filter(({ for: during }) => during === '1m' || !during),
    );
    expect(atOnce).toEqual([]);
    expect(rulesNamed('TargetDown', everything)).toMatchObject([{ for: '1m' }]);
  });

  test('figures are taken from nobody where there is one server', () => {
    expect(named('prometheus').command?.join(' ')).not.toMatch(/remote-write|lookback/);
    expect(everything.map(({ name }) => name)).not.toContain('prometheus-agent');
  });

  test('lines of logs say on which server they were written', () => {
    const alloy = found('alloy')?.files['config.alloy'];
    expect(alloy).toMatch(/external_labels = \{\s+server = /);
    expect(named('alloy').files['config.alloy']).not.toContain('server = ');
  });

  test.runIf(available('promtool', 'prometheus'))('promtool accepts what each reads', () => {
    for (const name of ['prometheus', 'prometheus-agent']) {
      const text = found(name)?.files['prometheus.yml'] as string;
      const files = { 'prometheus.yml': text.replaceAll('/run/strata/files/', '') };
      const rules = { 'rules.yml': rulesIn(found('prometheus')) };
      const said = check('promtool', ['check', 'config', 'prometheus.yml'], { ...files, ...rules });
      expect(said).toMatchObject({ status: 0 });
    }
  });
});

function rulesNamed(alert: string, workloads: readonly Workload[]) {
  const text = rulesIn(workloads.find(({ name }) => name === 'prometheus'));
  const { groups } = parse(text) as {
    groups: { rules: { alert: string; expr: string; for?: string }[] }[];
  };
  return groups.flatMap(({ rules }) => rules).filter((rule) => rule.alert === alert);
}
