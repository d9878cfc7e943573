import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { acme } from '../../components/services/gateway/acme';
import { gateway } from '../../components/services/gateway/gateway';
import { balancerIdleSeconds, socketSeconds } from '../../components/services/gateway/idle';
import { staticFiles } from '../../components/services/gateway/static';
import { gateway as schema } from '../../components/settings/gateway';
import { gatewayInput as inputOf } from '../../components/services/catalogue';
import { settingsSchema } from '../../components/settings/schema';
import { gatewayInput, service } from '../support/gateway/platform';

const services = [
  service('guard', 8000),
  service('docs', 3000, { docs: { path: '/', subdomain: 'docs', access: 'public' } }),
];

describe('the gateway as a workload', () => {
  it('needs no capability and no writable root, and publishes two ports', () => {
    const { files, ...rest } = gateway(gatewayInput(), services);
    expect(rest).toEqual({
      kind: 'workload',
      name: 'gateway',
      image: 'nginx:1.30.4',
      entrypoint: ['nginx'],
      command: ['-e', 'stderr', '-c', '/run/strata/files/nginx.conf'],
      environment: {},
      secrets: {
        CERTIFICATE: { certificate: 'gateway', part: 'certificate' },
        CERTIFICATE_KEY: { certificate: 'gateway', part: 'key' },
      },
      scratch: ['/tmp'],
      user: '101:101',
      resources: { memory: '512M' },
      needs: ['guard'],
      port: 8080,
      health: '/healthz',
      metrics: { exporter: 'nginx-exporter' },
      published: { 80: 8080, 443: 8443 },
      readsSchema: false,
      routes: {},
      replicas: 1,
      stopGraceSeconds: 35,
    });
    expect(files.operators).toEqual({
      template: 'operator:{PLAIN}{{OPERATOR}}\n',
      secrets: { OPERATOR: { platform: 'operator' } },
    });
    const plain = Object.values(files).filter((content) => typeof content !== 'string');
    expect(plain).toHaveLength(1);
  });

  it('keeps connections longer than a balancer does, which waits longer than any socket', () => {
    const { files } = gateway({ ...gatewayInput(), balanced: true }, services);
    const main = files['nginx.conf'];
    const text = typeof main === 'string' ? main : '';
    const [, kept] = /keepalive_timeout (\d+)s;/.exec(text) ?? [];
    expect(Number(kept)).toBeGreaterThan(balancerIdleSeconds);
    expect(balancerIdleSeconds).toBeGreaterThan(socketSeconds);
    // What AWS takes.
    expect(balancerIdleSeconds).toBeLessThanOrEqual(4000);
  });

  it('publishes a port for each service that has one of its own and is there', () => {
    const own = { gateway: 8080, docs: 8000, other: 9000 };
    const { published, files } = gateway(gatewayInput({ ports: { services: own } }), services);
    expect(published).toEqual({ 80: 8080, 443: 8443, 8000: 9000, 8080: 9001 });
    expect(files['variables.conf']).toContain(
      'map $server_port $asked_port {\n    9000 8000;\n    9001 8080;\n    default 443;\n}',
    );
  });

  it('looks for its own machine only where that is an operator', () => {
    const started = (operators: string[]) => {
      const { entrypoint, command, files } = gateway(gatewayInput({ operators }), services);
      return { entrypoint, command, file: files['access-operator.conf'] };
    };
    const [machine, other] = [started(['this-machine', '10.0.0.0/8']), started(['10.0.0.0/8'])];
    expect(machine.command).toEqual(other.command);
    expect(other.entrypoint).toEqual(['nginx']);
    expect(machine.entrypoint).toEqual([
      'sh',
      '-c',
      expect.stringMatching(
        /^awk '[^']+' \/proc\/net\/route > \/tmp\/this-machine\.conf\nexec nginx "\$@"$/,
      ),
      'nginx',
    ]);
    expect(machine.file).toContain(
      'allow 127.0.0.1;\ninclude /tmp/this-machine.conf;\nallow 10.0.0.0/8;\ndeny all;\n',
    );
    expect(other.file).not.toContain('127.0.0.1');
  });

  it('shows a certificate of the config, or one that acme keeps in a volume that both have', () => {
    expect(
      gateway(
        gatewayInput({ tls: { mode: 'own', certificate: 'my-cert', key: 'my-key' } }),
        services,
      ).secrets,
    ).toEqual({ CERTIFICATE: { config: 'my-cert' }, CERTIFICATE_KEY: { config: 'my-key' } });
    const input = gatewayInput({
      tls: { mode: 'acme', email: 'ops@example.org', names: ['acme.example.org'] },
    });
    const { secrets, volumes, needs, user } = gateway(input, services);
    expect({ secrets, volumes, needs, user }).toEqual({
      secrets: {},
      volumes: { '/certificates': 'certificates' },
      needs: ['guard', 'acme'],
      user: '101:101',
    });
    const program = acme(input, services);
    expect([program.user, program.volumes, program.environment.ACME_NAMES]).toEqual([
      '101:101',
      { '/certificates': 'certificates' },
      'example.org,api.example.org,docs.example.org,acme.example.org',
    ]);
  });
});

describe('the gateway behind a balancer of AWS', () => {
  const of = (tier: string) => {
    const settings = settingsSchema.parse({
      target: 'aws',
      tier,
      domain: 'example.org',
      gateway: { proxies: { addresses: ['192.0.2.0/24'] } },
      aws: { network: '10.9.0.0/16', zones: ['eu-central-1a', 'eu-central-1c'] },
    });
    const { files } = gateway(inputOf(settings), services);
    const text = JSON.stringify([files['proxies.conf'], files['sites.conf']]);
    return {
      believed: text.match(/(?<=set_real_ip_from )[^;]+/g),
      refusesNobody: !text.includes('ssl_reject_handshake'),
    };
  };

  it('believes the networks where the balancer stands, not those of servers, about addresses', () => {
    expect(of('load-balanced')).toEqual({
      believed: ['192.0.2.0/24', '10.9.0.0/21', '10.9.16.0/21'],
      refusesNobody: true,
    });
  });

  it.each(['single', 'split'])('is not what there is in tier %s', (tier) => {
    expect(of(tier)).toEqual({ believed: ['192.0.2.0/24'], refusesNobody: false });
  });
});

describe('bodies that the gateway takes', () => {
  const { 'sites.conf': sites } = gateway(gatewayInput({}, { graphqlBytes: 5000 }), [
    service('guard', 8000),
    service('app', 3000, {
      graphql: { path: '/graphql', access: 'graphql' },
      usual: { path: '/usual/', access: 'public' },
      large: { path: '/large/', access: 'token', maxBody: '2M' },
    }),
  ]).files;
  const bodiesOf = (path: string) =>
    (typeof sites === 'string' ? sites : '')
      .split('location ')
      .find((text) => text.startsWith(path))
      ?.match(/(?:client_\w+|proxy_request_buffering) [^;]+/g);

  it('are as large as the guard reads for GraphQL, and streamed when they are large', () => {
    expect(['= /graphql', '/usual/', '/large/'].map(bodiesOf)).toEqual([
      ['client_max_body_size 5000', 'client_body_buffer_size 5000'],
      ['client_max_body_size 1M'],
      ['client_max_body_size 2M', 'proxy_request_buffering off', 'client_body_timeout 30s'],
    ]);
  });

  it('follow the setting of the guard', () => {
    const settings = settingsSchema.parse({ limits: { graphql: { maxBodyBytes: 77_000 } } });
    expect(inputOf(settings).graphqlBytes).toBe(77_000);
  });
});

describe('the settings of the gateway', () => {
  const refused = (given: unknown) =>
    schema.safeParse(given).error?.issues.map(({ path: at }) => at.join('.')) ?? [];
  it.each<[string, unknown]>([
    ['contentSecurityPolicy', { contentSecurityPolicy: 'default-src $host' }],
    ['contentSecurityPolicy', { contentSecurityPolicy: 'x"; add_header A b; #' }],
    ['cors.origins.0', { cors: { origins: ['*'] } }],
    ['cors.origins.0', { cors: { origins: ['https://app.example.org/'] } }],
    ['cors.origins.0', { cors: { origins: ['https://*.example.org'] } }],
    ['operators.0', { operators: ['0.0.0.0/0'] }],
    ['operators.0', { operators: ['::/0'] }],
    ['operators.0', { operators: ['10.0.0.0/33'] }],
    ['operators.0', { operators: ['this-machine;'] }],
    ['proxies.addresses.0', { proxies: { addresses: ['this-machine'] } }],
    ['proxies.addresses.0', { proxies: { addresses: ['all'] } }],
    ['tls.certificate', { tls: { mode: 'own', key: 'k' } }],
    ['tls.email', { tls: { mode: 'acme' } }],
    ['tls.key', { tls: { mode: 'local', key: 'k' } }],
    [
      'tls.directory',
      { tls: { mode: 'acme', email: 'a@b.de', directory: 'http://example.org/dir' } },
    ],
    ['ports', { ports: { http: 80, https: 80 } }],
    ['static./a;/', { static: { '/a;/': { folder: '.' } } }],
  ])('refuse what would mean something else in nginx.conf: %s', (at, given) => {
    expect(refused(given)).toEqual([at]);
  });
});

describe('static files', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'strata-static-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const found = (folder: string) =>
    staticFiles(gatewayInput({ static: { '/app/': { folder } } }).gateway, root);

  it('are those of the folder and below', () => {
    mkdirSync(path.join(root, 'good/css'), { recursive: true });
    writeFileSync(path.join(root, 'good/index.html'), 'hello');
    writeFileSync(path.join(root, 'good/css/a.css'), 'p {}');
    expect(found('good')).toEqual({
      files: { 'static/0/css/a.css': 'p {}', 'static/0/index.html': 'hello' },
      problems: [],
    });
  });

  it('are refused when they are hidden, links, no text, or too large: each by its name', () => {
    mkdirSync(path.join(root, 'bad'));
    writeFileSync(path.join(root, 'bad/.env'), 'SECRET=1');
    writeFileSync(path.join(root, 'bad/a.png'), Buffer.from([0x89, 0x50, 0xff]));
    writeFileSync(path.join(root, 'bad/big.js'), 'x'.repeat(600 * 1024));
    symlinkSync('/etc/passwd', path.join(root, 'bad/link'));
    const { files, problems } = found('bad');
    expect(files).toEqual({});
    expect(problems.map(({ received, reason }) => `${received ?? ''} ${reason}`)).toEqual([
      '".env" has a hidden file, which is never served',
      '"a.png" has a file that is no text (UTF-8): keep pictures and fonts in the storage',
      '"big.js" has a file of more than 512 KiB',
      '"link" has a link or a device, which is never served',
    ]);
  });

  it('are refused when there is nothing at the folder, or too much', () => {
    expect(found('nowhere').problems.map(({ reason }) => reason)).toEqual([
      'names a folder that is not there or has no files',
    ]);
    mkdirSync(path.join(root, 'much'));
    for (const name of ['a', 'b', 'c'])
      writeFileSync(path.join(root, `much/${name}.js`), 'x'.repeat(200 * 1024));
    expect(found('much').problems.map(({ received }) => received)).toEqual([
      '3 files with 600 KiB',
    ]);
  });
});
