import type { EngineEvent, OpType } from '@pulumi/pulumi/automation';
import type { HookEvent } from '../../components/settings/hooks';
import { parseUrn } from '../../provider/host/urn';
import { Interrupted, UserError } from '../errors';
import { looksSecret } from '../secret-looking';

/** What hooks are told of one deployment. */
export interface Message {
  readonly stack: string;
  readonly event: HookEvent;
  readonly tier: string;
  readonly target: string;
  /** When it ended, ISO 8601. */
  readonly when: string;
  readonly summary: Counts;
  readonly durationSeconds: number;
  /** One sentence without secrets; there when the event is `failed`. */
  readonly error?: string;
}

/** How many resources became what. */
interface Counts {
  readonly created: number;
  readonly changed: number;
  readonly deleted: number;
  readonly same: number;
}

const counted: Partial<Record<OpType, keyof Counts>> = {
  create: 'created',
  update: 'changed',
  replace: 'changed',
  delete: 'deleted',
  same: 'same',
};

/** Gathers from the engine's events what a message says. */
export class Watch {
  summary: Counts = { created: 0, changed: 0, deleted: 0, same: 0 };
  readonly failed = new Set<string>();

  readonly see = ({ summaryEvent, resOpFailedEvent }: EngineEvent): void => {
    if (summaryEvent) this.summary = countsOf(summaryEvent.resourceChanges);
    if (resOpFailedEvent) {
      const { type, urn } = resOpFailedEvent.metadata;
      this.failed.add(`${type} ${parseUrn(urn).name}`);
    }
  };
}

function countsOf(changes: Readonly<Partial<Record<OpType, number>>>): Counts {
  const counts = { created: 0, changed: 0, deleted: 0, same: 0 };
  for (const [operation, count] of Object.entries(changes)) {
    const member = counted[operation as OpType];
    if (member) counts[member] += count;
  }
  return counts;
}

const longest = 300;
const mostNamed = 5;

/**
 * Why a deployment failed, in one sentence: the first line of what a person is told, for further ones may be lines of
 * logs, and the resources that failed.
 */
export function reasonOf(error: unknown, failed: ReadonlySet<string>): string {
  if (error instanceof Interrupted) return 'It was interrupted.';
  const [first = ''] = error instanceof UserError ? error.message.split('\n') : [];
  const names = [...failed];
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  const which = names.length > 0 ? ` (${names.slice(0, mostNamed).join(', ')}${more})` : '';
  const sentence = first === '' ? 'It failed by a mistake in Strata' : first.replace(/[.:]$/, '');
  return withoutSecrets(`${sentence}${which}.`).slice(0, longest);
}

/** Rather a word too few than a secret too many. */
function withoutSecrets(text: string): string {
  return text
    .replace(/:\/\/[^/\s@]*@/g, '://…@')
    .split(/(\s+)/)
    .map((word) => (looksSecret('', word.replace(/^["'(]+|["'),.:;]+$/g, '')) ? '…' : word))
    .join('');
}

/** The same for a chat: plain text, so that nothing in it is markup. */
export function chatText(message: Message): string {
  const { stack, event, tier, target, summary, durationSeconds, error } = message;
  const { created, changed, deleted, same } = summary;
  const ended = {
    deployed: 'was deployed',
    failed: 'failed to deploy',
    destroyed: 'was destroyed',
  };
  return [
    `Stack ${stack} (${tier} on ${target}) ${ended[event]} after ${durationSeconds} s.`,
    ...(error === undefined ? [] : [error]),
    `${created} created, ${changed} changed, ${deleted} deleted, ${same} the same.`,
  ].join('\n');
}
