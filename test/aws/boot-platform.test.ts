import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateNames } from '../../components/data/certificates';
import { databaseText, redisText } from '../../components/data/urls';
import type { SecretSource, Service } from '../../components/services/service';
import { inside } from '../../components/targets/addresses';
import { apart } from '../../components/tiers/placement';
import { bundled } from '../../engine/compose/bundle';
import { Moto } from '../support/aws/moto';
import { must } from '../support/docker-cli';
import { removeAll } from '../support/docker';
import { testImages, whyNoPlatform } from '../support/lab';
import { settingsOf } from '../support/platform';
import { madeUpValues } from '../support/values';
import { bucket, group, Releases } from './support/releases';
import { running, Server, whyNoServer } from './support/server';

const stack = 't-data-platform';
const project = `strata-${stack}`;
const volumes = { database: 'vol-0d1', queue: 'vol-0e1' };

const reason = whyNoServer() ?? (await whyNoPlatform());

let moto: Moto;
let server: Server;
let releases: Releases;
let services: readonly Service[];
let value: (source: SecretSource) => string;

function query(text: string): Promise<string> {
  const psql = ['psql', '-XAtqU', 'postgres', '-d', 'strata', '-c', text];
  return must('exec', `${project}-database-1`, ...psql);
}

describe.skipIf(reason)(
  `a server of the platform's data${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    beforeAll(async () => {
      await removeAll(project);
      const given = { target: 'docker', images: { override: testImages } };
      const settings = settingsOf({ ...given, database: { memory: '2304M' } });
      const all = bundled(settings);
      const [database, ...others] = all.services;
      if (database?.kind !== 'workload') throw new Error('the database comes first');
      services = apart({ database, services: others }).data;
      const made = await madeUpValues(Object.keys(certificateNames(services, all.hosts)));
      value = (source) => {
        if ('database' in source) {
          return databaseText(inside, source.database, made({ passwordOf: source.database }));
        }
        if ('redis' in source) return redisText(source.redis, made({ passwordOf: source.redis }));
        return made(source);
      };
      moto = await Moto.start();
      const manifest = `releases/${group}.json`;
      server = new Server(moto, { region: 'eu-central-1', bucket, manifest });
      releases = new Releases(moto, server, stack, testImages.node);
      server.attach(volumes.database, 1024);
      server.attach(volumes.queue, 64);
    });

    afterAll(async () => {
      await removeAll(project);
      const label = `label=com.docker.compose.project=${project}`;
      const built = await must('image', 'ls', '--quiet', '--filter', label);
      await must('image', 'rm', '--force', ...built.trim().split('\n'));
      server.dispose();
      await moto.stop();
    });

    test('is healthy with its schema, and keeps its rows over a restart', async () => {
      const version = await releases.put(services, value, volumes);
      await server.succeed('apply', version);
      expect(Object.keys(await running(project)).sort()).toEqual(
        expect.arrayContaining([`${project}-database-1`, `${project}-redis-1`]),
      );
      const ids = "select string_agg(id::text, ' ' order by slug) from registry.tenants";
      const tenants = await query(ids);
      expect(tenants.trim()).toMatch(/^\S{36} \S{36}$/);

      await server.restart(project);
      await server.succeed('boot');
      expect(await query(ids)).toBe(tenants);
      expect(server.mounts()).toEqual(['database', 'queue']);
    });
  },
);
