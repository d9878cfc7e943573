/** A request that is not answered as asked; `message` is for the caller and holds nothing of anybody else's. */
export class Refusal extends Error {
  constructor(
    /** What the client gets. */
    readonly status: number,
    /** Stable, for programs. */
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
