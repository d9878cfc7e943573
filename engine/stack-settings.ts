import { parseSettings } from '../components/settings/read';
import type { Settings } from '../components/settings/schema';
import { stackValues } from './compose/stack-values';
import { root } from './root';

/**
 * The settings of a stack, as its files say: for commands that deploy nothing. What its secrets are makes no difference to
 * them.
 */
export function stackSettings(stack: string): Settings {
  return parseSettings(stackValues(root, stack, {}), ['strata:secrets']);
}
