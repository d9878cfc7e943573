/** How much was done in this second, of each that is counted. */
export class Rate {
  private counts = new Map<string, number>();
  private second = 0;

  constructor(private readonly mostPerSecond: number) {}

  /** False when so many are not allowed in one second; then nothing is counted. */
  take(whose: string, many = 1): boolean {
    const now = Math.floor(performance.now() / 1000);
    if (now !== this.second) {
      this.second = now;
      this.counts = new Map();
    }
    const count = (this.counts.get(whose) ?? 0) + many;
    if (count > this.mostPerSecond) return false;
    this.counts.set(whose, count);
    return true;
  }
}
