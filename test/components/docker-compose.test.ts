import { beforeAll, describe, expect, test, vi } from 'vitest';
import { composeBundle } from '../../engine/compose/bundle';
import { KeptValues } from '../../engine/compose/kept';
import { parseCompose, type Composed } from '../support/compose';
import { ofCompose, ofDocker, type Facts } from '../support/compose-facts';
import { deploy, settingsOf } from '../support/platform';

// What images are built from is compared nowhere here; two files of tests would write it to the same place.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});
vi.mocked(context.writeContext).mockReturnValue();

const config = {
  target: 'docker',
  preset: 'standard',
  services: { graphql: { replicas: 2, resources: { cpus: 2, memory: '1G' } } },
  customServices: {
    shop: { image: 'shop:1.2.3', port: 8001, publish: 18001, healthCommand: ['true'] },
    seed: { image: 'seed:1.2.3', job: true, needs: ['shop'] },
  },
};

let docker: Record<string, Partial<Facts>>;
let bundle: Composed;

beforeAll(async () => {
  docker = ofDocker(await deploy(config, false));
  const { files } = await composeBundle(
    'test',
    settingsOf(config),
    {},
    KeptValues.read('/nonexistent'),
  );
  bundle = parseCompose(files['compose.yaml']?.text ?? '');
});

describe('a Compose bundle runs what target docker runs', () => {
  test('with the same image, words, user, limits, checks, mounts and order of each service', () => {
    expect(Object.keys(docker).length).toBeGreaterThan(15);
    expect(ofCompose(bundle, docker)).toEqual(docker);
  });

  test('each waits until what it needs is healthy, answers, or has ended well', () => {
    const conditions = Object.entries(bundle.services).flatMap(([name, { depends_on = {} }]) =>
      Object.entries(depends_on).map(([need, { condition }]) => ({ name, need, condition })),
    );
    const wrong = conditions.filter(({ name, need, condition }) => {
      const needed = bundle.services[need];
      if (needed?.restart === 'no') return condition !== 'service_completed_successfully';
      // Only who asks whether it answers may start beside it.
      if (!needed?.healthcheck) return name !== `${need}.ready`;
      return condition !== 'service_healthy';
    });
    expect(wrong).toEqual([]);
  });
});
