import digests from '../../images.lock.json';
import type { Settings } from '../settings/schema';

/** An image as upstream publishes it: its tag stands here once, with the day and the place where it was checked. */
export interface Pinned {
  /** Registry and repository; Docker Hub's short form is written out (`docker.io/library/nginx`). */
  readonly repository: string;
  readonly tag: string;
  readonly checked: string;
  readonly source: string;
}

/**
 * Tags were looked up in public repositories that deploy them (a tag in use exists), not asked of the registries:
 * `npm run lock-images` does that. All but cadvisor are on Docker Hub, so that one pull-through mirror serves them.
 */
export const images = {
  node: {
    repository: 'docker.io/library/node',
    tag: '22.23.3-bookworm-slim',
    checked: '2026-11-21',
    source: 'public Dockerfiles that name it with its digest',
  },
  nginx: {
    repository: 'docker.io/library/nginx',
    tag: '1.30.4',
    checked: '2026-11-21',
    source: 'public manifests that name it',
  },
  postgres: {
    repository: 'docker.io/library/postgres',
    tag: '18.6',
    checked: '2026-11-21',
    source: 'public tests that name it with its digest',
  },
  pgbouncer: {
    repository: 'docker.io/edoburu/pgbouncer',
    tag: 'v1.25.2-p0',
    checked: '2026-11-21',
    source: 'public Compose files that name it; upstream has no image of its own',
  },
  // Valkey: the BSD-licensed continuation of Redis 7.2, which speaks the same protocol and keeps the redis-* commands.
  redis: {
    repository: 'docker.io/valkey/valkey',
    tag: '9.1.1',
    checked: '2026-11-21',
    source: 'public tests that name it',
  },
  garage: {
    repository: 'docker.io/dxflrs/garage',
    tag: 'v2.4.1',
    checked: '2026-11-21',
    source: 'public manifests that name it with its digest; no v2.5.0 was seen',
  },
  prometheus: {
    repository: 'docker.io/prom/prometheus',
    tag: 'v3.14.0',
    checked: '2026-11-21',
    source: 'public Compose files that name it',
  },
  alertmanager: {
    repository: 'docker.io/prom/alertmanager',
    tag: 'v0.34.0',
    checked: '2026-11-21',
    source: 'public manifests that name it with its digest',
  },
  'node-exporter': {
    repository: 'docker.io/prom/node-exporter',
    tag: 'v1.12.1',
    checked: '2026-11-21',
    source: 'public manifests that name it with its digest',
  },
  'postgres-exporter': {
    repository: 'docker.io/prometheuscommunity/postgres-exporter',
    tag: 'v0.20.1',
    checked: '2026-11-21',
    source: 'public Compose files that name it',
  },
  'redis-exporter': {
    repository: 'docker.io/oliver006/redis_exporter',
    tag: 'v1.88.0',
    checked: '2026-11-21',
    source: 'public manifests that name it with its digest',
  },
  'pgbouncer-exporter': {
    repository: 'docker.io/prometheuscommunity/pgbouncer-exporter',
    tag: 'v0.12.1',
    checked: '2026-11-21',
    source: 'public Dockerfiles that name it',
  },
  'nginx-exporter': {
    repository: 'docker.io/nginx/nginx-prometheus-exporter',
    tag: '1.5.3',
    checked: '2026-11-21',
    source: 'public Compose files that name it',
  },
  'blackbox-exporter': {
    repository: 'docker.io/prom/blackbox-exporter',
    tag: 'v0.28.0',
    checked: '2026-11-21',
    source: 'public manifests that name it with its digest',
  },
  cadvisor: {
    repository: 'ghcr.io/google/cadvisor',
    tag: 'v0.60.6',
    checked: '2026-11-21',
    source: 'public Compose files that name it (at gcr.io/cadvisor the newest seen is v0.55.1)',
  },
  grafana: {
    repository: 'docker.io/grafana/grafana',
    tag: '13.2.3',
    checked: '2026-11-21',
    source: 'public Compose files that name it',
  },
  loki: {
    repository: 'docker.io/grafana/loki',
    tag: '3.7.6',
    checked: '2026-11-21',
    source: 'public manifests that name it with its digest',
  },
  alloy: {
    repository: 'docker.io/grafana/alloy',
    tag: 'v1.18.1',
    checked: '2026-11-21',
    source: 'public manifests that name it with its digest',
  },
  tempo: {
    repository: 'docker.io/grafana/tempo',
    tag: '3.0.3',
    checked: '2026-11-21',
    source: 'public manifests that name it with its digest',
  },
  hasura: {
    repository: 'docker.io/hasura/graphql-engine',
    tag: 'v2.48.16',
    checked: '2026-11-22',
    source:
      "upstream's own manifests (install-manifests at 008cfe5d); without a licence key it is the free edition",
  },
  'hasura-auth': {
    repository: 'docker.io/nhost/auth',
    tag: '0.50.1',
    checked: '2026-11-22',
    source: 'public manifests that name it',
  },
  gotrue: {
    repository: 'docker.io/supabase/gotrue',
    tag: 'v2.196.0',
    checked: '2026-11-22',
    source: "upstream's docker/docker-compose.yml at 1f37f2a9",
  },
  'supabase-storage': {
    repository: 'docker.io/supabase/storage-api',
    tag: 'v1.74.0',
    checked: '2026-11-22',
    source: "upstream's docker/docker-compose.yml at 1f37f2a9",
  },
  imgproxy: {
    repository: 'docker.io/darthsim/imgproxy',
    tag: 'v3.31.4',
    checked: '2026-11-22',
    source: "upstream's docker/docker-compose.yml at 1f37f2a9 (Supabase)",
  },
  'postgres-meta': {
    repository: 'docker.io/supabase/postgres-meta',
    tag: 'v0.99.0',
    checked: '2026-11-22',
    source: "upstream's docker/docker-compose.yml at 1f37f2a9",
  },
  studio: {
    repository: 'docker.io/supabase/studio',
    tag: '2026.09.07-sha-7996410',
    checked: '2026-11-22',
    source: "upstream's docker/docker-compose.yml at 1f37f2a9",
  },
  // The last of the line that Supabase's own Compose file is at; 14.17 could call a token of now one of the future.
  postgrest: {
    repository: 'docker.io/postgrest/postgrest',
    tag: 'v14.18',
    checked: '2026-11-22',
    source:
      "upstream's changelog (2026-09-10); the Compose file of Supabase at 1f37f2a9 has v14.17",
  },
  mailpit: {
    repository: 'docker.io/axllent/mailpit',
    tag: 'v1.30.5',
    checked: '2026-11-21',
    source: 'public tests that name it',
  },
  pgadmin: {
    repository: 'docker.io/dpage/pgadmin4',
    tag: '9.17',
    checked: '2026-11-22',
    source:
      'public manifests that name it; 9.18 is on PyPI, and no public file with that tag was seen',
  },
  clamav: {
    repository: 'docker.io/clamav/clamav',
    tag: '1.5.4',
    checked: '2026-11-21',
    source: 'public Dockerfiles that name it with its digest',
  },
} as const satisfies Record<string, Pinned>;

export type ImageName = keyof typeof images;

export const imageNames = Object.keys(images) as ImageName[];

/** A pinned image as Docker writes it: `docker.io/library/nginx:1.30.4`. */
export function pinned(name: ImageName): string {
  const { repository, tag } = images[name];
  return `${repository}:${tag}`;
}

/**
 * The image to run, in full: the override of the settings, or else the pinned one, from the mirror when there is one
 * and by the digest that `npm run lock-images` has recorded.
 *
 * A mirror replaces the registry's host alone: `docker.io/library/nginx` becomes `<mirror>/library/nginx`, which is
 * where pull-through caches have it. The digest stays, so a mirror cannot serve something else.
 *
 * @example image(settings, 'nginx') // docker.io/library/nginx:1.30.4@sha256:…
 */
export function image(settings: Pick<Settings, 'images'>, name: ImageName): string {
  const { mirror, override } = settings.images;
  return override[name] ?? withDigest(mirrored(pinned(name), mirror), digestOf(pinned(name)));
}

/** `reference` at `mirror`, or as it is. */
export function mirrored(reference: string, mirror: string | undefined): string {
  return mirror === undefined ? reference : `${mirror}${reference.slice(reference.indexOf('/'))}`;
}

function digestOf(reference: string): string | undefined {
  return (digests as Readonly<Record<string, string>>)[reference];
}

function withDigest(reference: string, digest: string | undefined): string {
  return digest === undefined ? reference : `${reference}@${digest}`;
}
