import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerOf } from './caller.mjs';

test('nobody is taken for a caller without a key to verify tokens with', async () => {
  await assert.rejects(callerOf('Bearer x.y.z'), { status: 501, code: 'no_key' });
});
