import * as pulumi from '@pulumi/pulumi';
import { beforeAll, expect, test } from 'vitest';
import { providerArgs, tags } from '../../components/targets/aws/provider-args';

beforeAll(async () => {
  const none = () => {
    throw new Error('tags register nothing');
  };
  await pulumi.runtime.setMocks({ call: none, newResource: none }, 'strata', 'prod');
});

test('everything is tagged with whose it is', () => {
  const said = { project: 'strata', stack: 'prod', tier: 'split' };
  expect(tags({ tier: 'split', more: {} })).toEqual(said);
  expect(providerArgs('eu-central-1', { tier: 'split', more: { 'cost-centre': '4711' } })).toEqual({
    region: 'eu-central-1',
    defaultTags: { tags: { ...said, 'cost-centre': '4711' } },
  });
});
