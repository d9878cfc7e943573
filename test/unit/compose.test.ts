import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { composeBundle, type Bundle } from '../../engine/compose/bundle';
import { KeptValues } from '../../engine/compose/kept';
import { keptFile, writeBundle } from '../../engine/compose/write';
import { root } from '../../engine/root';
import { compose, findCompose, parseCompose, type Composed } from '../support/compose';
import { settingsOf } from '../support/platform';

const secrets = { mail: 'a $weak "one"' };
const config = {
  target: 'docker',
  preset: 'standard',
  functions: { secrets: { MAIL_KEY: 'mail' } },
  customServices: {
    shop: { image: 'shop:1.2.3', port: 8001, env: { PRICE: '$5' }, publish: 18001 },
    seed: { image: 'seed:1.2.3', job: true },
  },
  secrets,
};

const found = findCompose();

/** Every program is bundled, and a bundle is compared byte by byte. */
const patienceMs = 240_000;

let folder: string;
let kept: KeptValues;
let bundle: Bundle;
let composed: Composed;

/** A rendering, with what an earlier one kept. */
async function render(values = kept, more: Record<string, unknown> = {}): Promise<Bundle> {
  return composeBundle('test', settingsOf({ ...config, ...more }), secrets, values);
}

function text({ files }: Bundle, name: string): string {
  return files[name]?.text ?? '';
}

beforeAll(async () => {
  folder = path.join(mkdtempSync(path.join(os.tmpdir(), 'strata-compose-')), 'bundle');
  kept = KeptValues.read(path.join(folder, keptFile));
  bundle = await render();
  composed = parseCompose(text(bundle, 'compose.yaml'));
  writeBundle(folder, bundle, kept);
}, patienceMs);

afterAll(() => {
  rmSync(path.dirname(folder), { recursive: true });
});

test(
  'the same input makes the same bundle from what was kept',
  { timeout: patienceMs },
  async () => {
    expect(await render(KeptValues.read(path.join(folder, keptFile)))).toEqual(bundle);
  },
);

test('no secret stands in what others may read', () => {
  const { passwords, certificates } = JSON.parse(kept.text()) as {
    passwords: Record<string, string>;
    certificates: Record<string, { key: string }>;
  };
  const words = [
    ...Object.values(passwords),
    ...Object.values(certificates).map(({ key }) => key.split('\n')[1] ?? ''),
    ...Object.values(secrets),
  ];
  expect(words.length).toBeGreaterThan(10);
  expect(words.filter((word) => word.length < 8)).toEqual([]);
  const open = Object.entries(bundle.files).filter(([, { secret }]) => !secret);
  expect(open.map(([name]) => name.split('/')[0]).sort()).toContain('compose.yaml');
  const leaks = open.filter(([, file]) => words.some((word) => file.text.includes(word)));
  expect(leaks.map(([name]) => name)).toEqual([]);
  expect(text(bundle, 'run/functions/secrets/MAIL_KEY')).toBe(secrets.mail);
});

test('a folder that an image is built from is copied byte by byte, without what .dockerignore names', async () => {
  const place = path.dirname(folder);
  mkdirSync(path.join(root, '.strata'), { recursive: true });
  // The settings take folders of the project only.
  const source = mkdtempSync(path.join(root, '.strata/test-build-'));
  onTestFinished(() => {
    rmSync(source, { recursive: true });
  });
  const bytes = Buffer.from([0x89, 0x50, 0xff, 0xfe, 0x00, 0xc3]);
  mkdirSync(path.join(source, 'bin'), { recursive: true });
  writeFileSync(path.join(source, 'Dockerfile'), 'FROM scratch\n');
  writeFileSync(path.join(source, '.dockerignore'), '.env\n');
  writeFileSync(path.join(source, '.env'), 'PASSWORD=hidden');
  writeFileSync(path.join(source, 'logo.png'), bytes);
  writeFileSync(path.join(source, 'bin/start'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('bin/start', path.join(source, 'start'));
  const shop = { build: { context: path.relative(root, source) }, port: 8001 };
  const made = await render(kept, { customServices: { shop } });
  const target = path.join(place, 'with-build');
  writeBundle(target, made, kept);
  const built = path.join(target, 'build/shop');
  expect(readdirSync(built, { recursive: true }).sort()).toEqual(
    ['.dockerignore', 'Dockerfile', 'bin', 'bin/start', 'logo.png', 'start'].sort(),
  );
  expect(readFileSync(path.join(built, 'logo.png'))).toEqual(bytes);
  expect(statSync(path.join(built, 'bin/start')).mode & 0o777).toBe(0o755);
  expect(readlinkSync(path.join(built, 'start'))).toBe('bin/start');
});

test('files and secrets are for their owner alone, in a folder that nobody else may enter', () => {
  const mode = (name: string): string =>
    (statSync(path.join(folder, name)).mode & 0o777).toString(8);
  expect([mode('.'), mode(keptFile), mode('compose.yaml')]).toEqual(['700', '600', '644']);
  const run = Object.keys(bundle.files).filter((name) => name.startsWith('run/'));
  expect(run.filter((name) => mode(name) !== '600')).toEqual([]);
  const build = Object.entries(bundle.contexts).flatMap(([service, entries]) =>
    entries.map(({ name }) => `build/${service}/${name}`),
  );
  expect(build.length).toBeGreaterThan(5);
  expect(build.filter((name) => mode(name) !== '644')).toEqual([]);
});

test('a folder that is no bundle is left alone', () => {
  const other = path.dirname(folder);
  expect(() => {
    writeBundle(other, { files: {}, contexts: {} }, kept);
  }).toThrow(`${other} is there and is no bundle: choose another folder with --out.`);
});

test('before anything starts, files are given to the user of their service, readable by him alone', () => {
  const layout = composed.services['strata.files'];
  const script = layout?.command?.[0] ?? '';
  const runs = Object.keys(bundle.files).flatMap((name) => /^run\/([^/]+)\//.exec(name)?.[1] ?? []);
  const users = [...new Set(runs)].map(
    (name) => `lay ${name} ${String(composed.services[name]?.user)}`,
  );
  const lines = script.split('\n').filter((line) => /^(lay|chown) /.test(line));
  expect(lines.sort()).toEqual(
    [
      ...users,
      'chown 1000:1000 /data/exports',
      'chown 1000:1000 /data/storage',
      'chown 65534:65534 /data/alerts',
      'chown 65534:65534 /data/metrics',
      'chown 70:70 /data/pooler',
      'chown 999:999 /data/database',
      'chown 999:999 /data/queue',
    ].sort(),
  );
  expect(script).toContain('-type f -exec chmod 0400');
  expect(layout).toMatchObject({ network_mode: 'none', cap_drop: ['ALL'], user: '0:0' });
  const others = Object.entries(composed.services).filter(
    ([name, { depends_on = {} }]) =>
      !name.startsWith('strata.') &&
      !name.endsWith('.ready') &&
      depends_on['strata.files']?.condition !== 'service_completed_successfully',
  );
  expect(others.map(([name]) => name)).toEqual([]);
});

test('a changed file starts its service anew, and no other', async () => {
  const changed = await render(kept, { limits: { graphql: { maxDepth: 7 } } });
  const next = parseCompose(text(changed, 'compose.yaml'));
  const differing = Object.keys(next.services).filter(
    (name) => JSON.stringify(next.services[name]) !== JSON.stringify(composed.services[name]),
  );
  expect(differing).toEqual(['guard']);
  expect(next.services.guard?.labels).not.toEqual(composed.services.guard?.labels);
});

test('what Compose would take for a variable reaches the service as it was written', () => {
  expect(composed.services.shop?.environment?.PRICE).toBe('$$5');
});

test('only the gateway and what the config says publish a port', () => {
  const ports = Object.entries(composed.services).filter(([, service]) => service.ports);
  expect(Object.fromEntries(ports.map(([name, service]) => [name, service.ports]))).toEqual({
    shop: ['18001:8001'],
    gateway: ['80:8080', '443:8443'],
  });
});

test('whoever is asked from outside has somebody who asks, and the end of all is waited for', () => {
  const ready = Object.keys(composed.services).filter((name) => name.endsWith('.ready'));
  const asked = Object.entries(composed.services).filter(
    ([name, { healthcheck, restart }]) =>
      restart === 'unless-stopped' && !healthcheck && name !== 'strata.ready',
  );
  expect(ready.filter((name) => name !== 'strata.ready').sort()).toEqual(
    asked.map(([name]) => `${name}.ready`).sort(),
  );
  const ends = Object.entries(composed.services).filter(([, { restart }]) => restart === 'no');
  expect(Object.keys(composed.services['strata.ready']?.depends_on ?? {}).sort()).toEqual(
    ends.map(([name]) => name).sort(),
  );
});

describe.skipIf('reason' in found)(
  `Docker Compose${'reason' in found ? ` (skipped: ${found.reason})` : ''}`,
  () => {
    test('finds nothing wrong with the bundle', () => {
      const { words } = found as { words: readonly string[] };
      expect(compose(words, folder, 'config', '--quiet')).toBe('');
      const read = JSON.parse(compose(words, folder, 'config', '--format', 'json')) as {
        services: Record<string, { environment: Record<string, string> }>;
      };
      expect(Object.keys(read.services).sort()).toEqual(Object.keys(composed.services).sort());
      expect(readFileSync(path.join(folder, 'compose.yaml'), 'utf8')).not.toBe('');
    });
  },
);
