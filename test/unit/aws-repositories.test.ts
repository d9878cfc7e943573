import { expect, test } from 'vitest';
import { repositoriesOf } from '../../components/targets/aws/repositories';

const registry = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';

test('images in a registry of AWS are in the repositories that servers may pull from, each once', () => {
  const images = [
    `${registry}/docker-hub/library/nginx:1.30.4@sha256:0123`,
    `${registry}/docker-hub/library/nginx:1.30.5`,
    `${registry}/ours`,
    'docker.io/library/redis:7',
    'registry.example.org/123456789012.dkr.ecr.eu-central-1.amazonaws.com/x:1',
  ];
  expect(repositoriesOf(images)).toEqual([
    'arn:aws:ecr:eu-central-1:123456789012:repository/docker-hub/library/nginx',
    'arn:aws:ecr:eu-central-1:123456789012:repository/ours',
  ]);
});
