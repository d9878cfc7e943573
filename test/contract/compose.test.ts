import { describe, expect, test } from 'vitest';
import { renderCompose } from '../../components/targets/compose/render';
import type { Service } from '../../components/services/service';
import { presetNames, type PresetName } from '../../components/settings/names';
import { bundled } from '../../engine/compose/bundle';
import { parseCompose, type Composed } from '../support/compose';
import { settingsOf } from '../support/platform';
import { differ, type UpstreamFile, type UpstreamService } from './upstream/facts';
import { hasura, nhost, nself } from './upstream/hasura';
import { supabase } from './upstream/supabase';
import { page } from './upstream/page';

const secret = 'a-secret-of-the-platform';

interface Rendered {
  readonly text: string;
  readonly composed: Composed;
  readonly services: readonly Service[];
}

/** The bundle of a preset with all of its defaults; with one word for each secret, so that it is stable. */
function render(preset: PresetName): Rendered {
  const settings = settingsOf({ target: 'docker', preset, database: { memory: '6G' } });
  const plan = bundled(settings);
  const files = renderCompose({
    stack: preset,
    services: plan.services,
    schemaVersion: 'schema',
    nodeImage: 'docker.io/library/node:22',
    secret: () => secret,
    fingerprint: () => 'revision',
  });
  const text = files['compose.yaml']?.text ?? '';
  return { text, composed: parseCompose(text), services: plan.services };
}

const rendered = new Map(presetNames.map((preset) => [preset, render(preset)]));

function of(preset: PresetName): Rendered {
  const found = rendered.get(preset);
  if (!found) throw new Error(`no preset ${preset}`);
  return found;
}

const files: readonly UpstreamFile[] = [supabase, hasura, nhost, nself];

/** Facts in which ours differs, as the rendered bundle says. */
function found(upstream: UpstreamService): string[] {
  const { composed, services } = of(upstream.preset);
  const ours = composed.services[upstream.ours];
  const service = services.find(({ name }) => name === upstream.ours);
  if (!ours || !service) throw new Error(`preset ${upstream.preset} has no ${upstream.ours}`);
  return differ(upstream, { composed: ours, service });
}

test.each(presetNames)(
  'the Compose bundle of preset %s is the one that was reviewed',
  async (preset) => {
    // `npx vitest run test/contract/compose.test.ts -u` writes it anew, to be read before it is kept.
    await expect(of(preset).text).toMatchFileSnapshot(`compose/${preset}.yaml`);
  },
);

test.each(presetNames)('the Compose bundle of preset %s names no secret', (preset) => {
  expect(of(preset).text).not.toContain(secret);
});

describe.each(files)('beside the Compose file of $title', ({ services, replaced }) => {
  test.each(services)(
    '$name differs in what is written down with its reason, and in nothing else',
    (upstream) => {
      const explained = upstream.differences.flatMap(([facts]) => facts);
      expect(found(upstream).sort()).toEqual([...explained].sort());
      expect(upstream.differences.filter(([, why]) => why.length < 10)).toEqual([]);
    },
  );

  test('what stands for its other services is there', () => {
    for (const { preset, by } of replaced) {
      expect(Object.keys(of(preset).composed.services)).toEqual(expect.arrayContaining([...by]));
    }
  });
});

test('docs/upstream-compose.md says what these tests hold', async () => {
  await expect(page(files, found)).toMatchFileSnapshot('../../docs/upstream-compose.md');
});
