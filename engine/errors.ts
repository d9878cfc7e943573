import { RunError } from '@pulumi/pulumi/errors';

/**
 * A mistake or a state that a person can do something about: shown without a stack trace, by our commands and, when the
 * program throws it, by Pulumi.
 */
export class UserError extends RunError {
  constructor(
    message: string,
    /** What the command exits with. */
    readonly exitCode = 1,
  ) {
    super(message);
  }
}

/** The person, or the system, asked this command to end. */
export class Interrupted extends UserError {
  constructor(message = 'Interrupted.') {
    super(message, 130);
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
