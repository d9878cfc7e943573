import { createHash } from 'node:crypto';

/** How long a second one with the same token gets the same answer: pages that woke up at the same time. */
const sharedMs = 10_000;

const mostKept = 10_000;

/**
 * One question for all who ask with the same secret. A refresh token counts once, so of two pages that refresh at the
 * same time one would be signed out. In this process's memory only, by the secret's hash.
 */
export class Flights<Answer> {
  private readonly flights = new Map<string, Promise<Answer>>();

  /** `good` says whether an answer may serve others: one that failed is asked for again. */
  constructor(private readonly good: (answer: Answer) => boolean) {}

  share(secret: string, ask: () => Promise<Answer>): Promise<Answer> {
    const key = createHash('sha256').update(secret).digest('base64');
    const flying = this.flights.get(key);
    if (flying) return flying;
    const flight = ask();
    this.flights.set(key, flight);
    const [oldest] = this.flights.keys();
    if (this.flights.size > mostKept && oldest !== undefined) this.flights.delete(oldest);
    const forget = (): void => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    flight.then((answer) => {
      if (this.good(answer)) setTimeout(forget, sharedMs).unref();
      else forget();
    }, forget);
    return flight;
  }
}
