import type { Clients } from './clients';
import type { Subject } from './subject';

/** One thing that was looked at. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  /** What was looked at, in a word or two. */
  readonly check: string;
  /** What is so, or wrong. */
  readonly says: string;
  /** What to do. */
  readonly advice?: string;
}

/** Looks at something and changes nothing. Throws what AWS's clients throw: whoever runs it makes a finding of that. */
export interface Check {
  readonly name: string;
  /** The permission of IAM that it takes, for the message when it is missing. */
  readonly permissions: readonly string[];
  readonly run: (subject: Subject, clients: Clients) => Promise<Finding[]>;
}

export function ok(check: string, says: string): Finding {
  return { level: 'ok', check, says };
}

/** The deployment works, but something is worth knowing. */
export function warning(check: string, says: string, advice: string): Finding {
  return { level: 'warning', check, says, advice };
}

/** The deployment would fail. */
export function wrong(check: string, says: string, advice: string): Finding {
  return { level: 'error', check, says, advice };
}
