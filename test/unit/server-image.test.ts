import { expect, test } from 'vitest';
import { serverImage } from '../../provider/aws/server-image';
import { contextFor } from '../support/local';

test('the image of servers is the newest of when they were last made anew', async () => {
  const context = contextFor('app-image');
  const first = { newest: 'ami-11111111', servers: 'a' };
  const { state } = await serverImage.create(first, context);
  expect(state.imageId).toBe('ami-11111111');
  expect(serverImage.diff(state, { ...first, newest: 'ami-22222222' })).toEqual({});
  const next = { newest: 'ami-22222222', servers: 'b' };
  expect(serverImage.diff(state, next)).toEqual({ servers: 'update' });
  const renewed = await serverImage.update?.('app-image', state, next, context);
  expect(renewed?.imageId).toBe('ami-22222222');
});
