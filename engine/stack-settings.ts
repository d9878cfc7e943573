import { parseSettings } from '../components/settings/read';
import type { Settings } from '../components/settings/schema';
import { stackValues } from './compose/stack-values';
import { root } from './root';

/**
 * The settings of a stack, as its files say. Commands that deploy nothing give neither the values of its secrets nor what
 * else is refused: it makes no difference to them.
 */
export function stackSettings(
  stack: string,
  secrets: Readonly<Record<string, string>> = {},
  refusals?: Parameters<typeof parseSettings>[2],
): Settings {
  return parseSettings(stackValues(root, stack, secrets), ['strata:secrets'], refusals);
}
