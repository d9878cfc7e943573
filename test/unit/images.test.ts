import { describe, expect, test } from 'vitest';
import { image, type ImageName, images as table, mirrored } from '../../components/services/images';
import { imageReference, images, type ImageSettings } from '../../components/settings/images';
import { parseSettings } from '../../components/settings/read';
import { processorMs } from '../support/cost';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

function settings(given: unknown = {}) {
  return { images: images.parse(given) };
}

describe('the table of images', () => {
  test.each(Object.entries(table))(
    '%s is written out in full and says where it was seen',
    (_, pin) => {
      expect(pin.repository).toMatch(/^(docker\.io|ghcr\.io)(\/[a-z0-9_-]+){2}$/);
      expect(pin.tag).toMatch(/^v?\d+\.\d+/);
      expect(pin.checked).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(pin.source).not.toBe('');
      expect(imageReference.safeParse(`${pin.repository}:${pin.tag}`).success).toBe(true);
    },
  );

  test('each repository stands once, so that a tag is changed in one place', () => {
    const repositories = Object.values(table).map(({ repository }) => repository);
    expect(repositories).toEqual([...new Set(repositories)]);
  });
});

describe('the image that is run', () => {
  test('is the pinned one', () => {
    expect(image(settings(), 'nginx')).toMatch(/^docker\.io\/library\/nginx:1\.30\.4(@sha256:|$)/);
  });

  test('is the pinned one where nothing was said of images', () => {
    expect(image(parseSettings({}), 'nginx')).toBe(image(settings(), 'nginx'));
  });

  test.each<[string, ImageName, string]>([
    ['registry.example.org', 'nginx', 'registry.example.org/library/nginx:1.30.4'],
    [
      'registry.example.org:5000/hub',
      'nginx',
      'registry.example.org:5000/hub/library/nginx:1.30.4',
    ],
    ['localhost:5000', 'prometheus', 'localhost:5000/prom/prometheus:v3.14.0'],
    ['mirror:5000', 'cadvisor', 'mirror:5000/google/cadvisor:v0.60.6'],
  ])('from the mirror %s, %s is %s', (mirror, name, expected) => {
    expect(image(settings({ mirror }), name).split('@')[0]).toBe(expected);
  });

  test('is the override, whole and whatever the mirror is', () => {
    const given = { mirror: 'registry.example.org', override: { redis: 'redis:7' } };
    expect(image(settings(given), 'redis')).toBe('redis:7');
    expect(image(settings(given), 'nginx')).toMatch(/^registry\.example\.org\/library\/nginx:/);
  });

  test('keeps its digest at a mirror, so that the mirror cannot serve another one', () => {
    const reference = `docker.io/library/nginx:1@${digest}`;
    expect(mirrored(reference, 'm.example.org')).toBe(`m.example.org/library/nginx:1@${digest}`);
  });
});

describe('a mirror', () => {
  test.each([
    ['a scheme', 'https://registry.example.org'],
    ['a slash at its end', 'registry.example.org/'],
    // Docker Hub would be asked for the repository "mirror/library/nginx" of a stranger.
    ['a bare word, which Docker takes for a user of Docker Hub', 'mirror'],
    ['a bare word and a path', 'mirror/hub'],
    ['a user and a password', 'ann:hush@registry.example.org'],
    ['a port that is none', 'registry.example.org:port'],
    ['capital letters', 'Registry.example.org'],
    ['a way out of its path', 'registry.example.org/../x'],
    ['a tag', 'registry.example.org/hub:1'],
    ['a space', 'registry.example.org /hub'],
    ['a line end', 'registry.example.org\n'],
    ['nothing', ''],
    ['a number', 5000],
  ])('with %s is refused', (_, mirror) => {
    const result = images.safeParse({ mirror });
    expect(result.error?.issues.map(({ path, message }) => ({ path, message }))).toContainEqual({
      path: ['mirror'],
      message:
        'the host of a registry, with port and path where it has them and without a scheme, ' +
        'such as registry.example.org:5000/hub',
    });
  });
});

describe('an override', () => {
  test.each([
    'redis:7',
    'valkey/valkey:9.1.1',
    'localhost/x:1',
    'registry.example.org:5000/a/b-c/d__e:v1.2-rc.1',
    `redis@${digest}`,
    `docker.io/library/redis:7@${digest}`,
  ])('%s is taken', (reference) => {
    expect(images.parse({ override: { redis: reference } }).override).toEqual({ redis: reference });
  });

  test.each([
    ['no tag, which would be whatever is newest', 'redis'],
    ['no tag but a port', 'registry.example.org:5000/redis'],
    ['a scheme', 'https://registry.example.org/redis:7'],
    ['a digest that is too short', 'redis@sha256:abc'],
    ['capital letters', 'Redis:7'],
    ['a space', 'redis:7 --privileged'],
    ['an option', '--privileged'],
    ['an empty part', 'a//redis:7'],
    ['a line end', 'redis:7\n'],
  ])('with %s is refused', (_, reference) => {
    const result = images.safeParse({ override: { redis: reference } });
    expect(result.error?.issues.map(({ path, message }) => ({ path, message }))).toContainEqual({
      path: ['override', 'redis'],
      message: 'an image with its tag or digest, such as registry.example.org/nginx:1.30.4',
    });
  });

  test('of a name that Strata does not have is refused', () => {
    const result = images.safeParse({ override: { ngnix: 'nginx:1' } });
    expect(result.error?.issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['ngnix'] }]);
  });

  test('a text that could make a slow pattern slow is judged at once', () => {
    const judge = (): void => {
      for (const text of ['a-'.repeat(250), `${'a.'.repeat(250)}:`, `${'a/'.repeat(250)}A`])
        expect(imageReference.safeParse(text).success).toBe(false);
    };
    expect(processorMs(judge)).toBeLessThan(1000);
  });
});

test('without settings of images there is neither mirror nor override', () => {
  expect(images.parse({})).toEqual({ override: {} } satisfies ImageSettings);
});
