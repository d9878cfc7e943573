/** A mistake or a state that the person at the terminal can do something about: shown without a stack trace. */
export class UserError extends Error {
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
