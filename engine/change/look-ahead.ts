import type { PreviewResult } from '@pulumi/pulumi/automation';
import type { Session } from '../session';
import { requireStages } from './database-move';
import { type Endangered, endangered, requireTokens } from './endangered';
import { describe, type Plan } from './plan';
import { Collector, type Step } from './steps';

/** What a preview has shown. */
export interface Ahead {
  readonly changes: PreviewResult['changeSummary'];
  readonly steps: readonly Step[];
  /** What would be lost, each by its token. */
  readonly lost: readonly Endangered[];
  readonly plan: Plan;
}

/**
 * Previews, and throws before anything is done where data would be lost without its token (law 1). The engine itself refuses
 * what is protected; here it is said what, why and what to do, and what lost its protection is refused too.
 */
export async function lookAhead({ stack, live }: Session): Promise<Ahead> {
  const collector = new Collector();
  const { steps } = collector;
  const judged = (): readonly Endangered[] => {
    requireStages(stack.name, steps);
    const lost = endangered(stack.name, steps);
    requireTokens(stack.name, lost);
    return lost;
  };
  try {
    const { changeSummary } = await stack.preview({ ...live, onEvent: collector.see });
    return { changes: changeSummary, steps, lost: judged(), plan: describe(steps) };
  } catch (error) {
    const lost = judged();
    if (!isProtectionAlone(collector, lost)) throw error;
    return { changes: {}, steps, lost, plan: describe(steps) };
  }
}

/**
 * Takes the protection off what may be lost, and looks again: nothing else may have come to light. Where something has,
 * nothing is done, and what was protected is so again.
 */
export async function giveUpProtection(session: Session, { lost }: Ahead): Promise<Ahead> {
  const change = async (command: 'protect' | 'unprotect'): Promise<void> => {
    for (const { urn } of lost) {
      await session.pulumi(['state', command, urn, '--yes', '--stack', session.stack.name]);
    }
  };
  await change('unprotect');
  try {
    return await lookAhead(session);
  } catch (error) {
    await change('protect');
    throw error;
  }
}

/** The engine's own refusal of what is protected is about to be overcome; another complaint stands. */
function isProtectionAlone({ complaints }: Collector, lost: readonly Endangered[]): boolean {
  const urns = lost.map(({ urn }) => urn);
  const others = complaints.filter(({ urn }) => urn === undefined || !urns.includes(urn));
  return lost.length > 0 && others.every(({ message }) => message.trim() === 'preview failed');
}
