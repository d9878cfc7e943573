import type { PreviewResult } from '@pulumi/pulumi/automation';
import { UserError } from '../errors';
import type { Session } from '../session';
import { type Endangered, endangered, requireTokens } from './endangered';
import { Collector, type Step } from './steps';

/** What a preview has shown. */
export interface Ahead {
  readonly changes: PreviewResult['changeSummary'];
  readonly steps: readonly Step[];
  /** What would be lost, each by its token. */
  readonly lost: readonly Endangered[];
}

/**
 * Previews, and throws before anything is done where data would be lost without its token (law 1). The engine itself refuses
 * what is protected; here it is said what, why and what to do, and what lost its protection is refused too.
 */
export async function lookAhead({ stack, live }: Session): Promise<Ahead> {
  const collector = new Collector();
  try {
    const { changeSummary } = await stack.preview({ ...live, onEvent: collector.see });
    const lost = endangered(stack.name, collector.steps);
    requireTokens(stack.name, lost);
    return { changes: changeSummary, steps: collector.steps, lost };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const lost = endangered(stack.name, collector.steps);
    requireTokens(stack.name, lost);
    if (!isProtectionAlone(collector, lost)) throw error;
    return { changes: {}, steps: collector.steps, lost };
  }
}

/** Takes the protection off what may be lost, and looks again: nothing else may have come to light. */
export async function giveUpProtection(session: Session, { lost }: Ahead): Promise<Ahead> {
  for (const { urn } of lost) {
    await session.pulumi(['state', 'unprotect', urn, '--yes', '--stack', session.stack.name]);
  }
  return lookAhead(session);
}

/** The engine's own refusal of what is protected is about to be overcome; another complaint stands. */
function isProtectionAlone({ complaints }: Collector, lost: readonly Endangered[]): boolean {
  const urns = lost.map(({ urn }) => urn);
  const others = complaints.filter(({ urn }) => urn === undefined || !urns.includes(urn));
  return lost.length > 0 && others.every(({ message }) => message.trim() === 'preview failed');
}
