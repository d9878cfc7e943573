import type { EngineEvent } from '@pulumi/pulumi/automation';
import {
  hooks,
  type Hook,
  type HookEvent,
  type HooksSettings,
} from '../../components/settings/hooks';
import { stackValues } from '../compose/stack-values';
import { messageOf } from '../errors';
import { root } from '../root';
import { stackSecrets } from '../stack-secrets';
import type { Terminal } from '../terminal';
import { type Message, reasonOf, Watch } from './message';
import { tell } from './send';

/** Passed to the engine where somebody is to be told what it did. */
export interface Watching {
  readonly onEvent?: (event: EngineEvent) => void;
}

/**
 * Does `work` and tells the hooks of the stack how it ended. A hook that cannot be told is a warning: it never fails a
 * deployment, nor hides why one failed.
 */
export async function announced<T>(
  stack: string,
  success: Exclude<HookEvent, 'failed'>,
  out: Terminal,
  work: (watching: Watching) => Promise<T>,
): Promise<T> {
  const values = valuesOf(stack);
  const { out: told } = hooksOf(values);
  if (told.length === 0) return work({});
  const watch = new Watch();
  const began = performance.now();
  const report = (event: HookEvent, error?: unknown): Promise<void> =>
    tellAll(stack, out, told, {
      stack,
      event,
      tier: values['strata:tier'] ?? '',
      target: values['strata:target'] ?? '',
      when: new Date().toISOString(),
      summary: watch.summary,
      durationSeconds: Math.round((performance.now() - began) / 1000),
      ...(event === 'failed' && { error: reasonOf(error, watch.failed) }),
    });
  let result: T;
  try {
    result = await work({ onEvent: watch.see });
  } catch (error) {
    await report('failed', error);
    throw error;
  }
  await report(success);
  return result;
}

/** What a stack's files say; nothing where they cannot be read, which the deployment itself refuses. */
function valuesOf(stack: string): Readonly<Record<string, string>> {
  try {
    return stackValues(root, stack, {});
  } catch {
    return {};
  }
}

/** The hooks of a stack's config; none where they cannot be read, which the deployment itself refuses. */
export function hooksOf(values: Readonly<Record<string, string>>): HooksSettings {
  try {
    return hooks.parse(JSON.parse(values['strata:hooks'] ?? '{}'));
  } catch {
    return { out: [] };
  }
}

async function tellAll(
  stack: string,
  out: Terminal,
  told: readonly Hook[],
  message: Message,
): Promise<void> {
  const wanted = told
    .map((hook, index) => ({ hook, index }))
    .filter(({ hook }) => hook.events.includes(message.event));
  if (wanted.length === 0) return;
  const warn = (index: number, error: unknown): void =>
    out.note(`Warning: hooks.out[${index}] was not told: ${messageOf(error)}`);
  let secrets: Readonly<Record<string, string>>;
  try {
    secrets = await stackSecrets(stack, out);
  } catch (error) {
    for (const { index } of wanted) warn(index, error);
    return;
  }
  const secret = (name: string): string | undefined =>
    Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  await Promise.all(
    wanted.map(({ hook, index }) =>
      tell(hook, message, { secret }).catch((error: unknown) => {
        warn(index, error);
      }),
    ),
  );
}
