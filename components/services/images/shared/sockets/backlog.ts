/** Of all sockets of a process together. */
const mostBytes = 64 * 2 ** 20;

/** Somebody for whom something waits. */
interface Reader {
  /** Most of what waits, of too much, waits for this one. */
  readonly crowds: () => void;
}

/**
 * What waits in this process to be sent, of all its sockets. Where it is too much, whoever lets most of it wait is put
 * out: one tenant's readers that do not read end no socket of another's.
 */
export class Backlog {
  private readonly waiting = new Map<Reader, number>();
  private bytes = 0;

  constructor(private readonly most = mostBytes) {}

  /** False when there is no room, and it is this one's fault. */
  hasRoomFor(reader: Reader): boolean {
    if (this.bytes <= this.most) return true;
    const [slowest] = [...this.waiting].reduce((one, other) => (other[1] > one[1] ? other : one));
    if (slowest === reader) return false;
    // Its memory is freed in a moment; until then nobody else goes for it.
    this.sent(slowest, this.waiting.get(slowest) ?? 0);
    slowest.crowds();
    return true;
  }

  waits(reader: Reader, bytes: number): void {
    this.waiting.set(reader, (this.waiting.get(reader) ?? 0) + bytes);
    this.bytes += bytes;
  }

  sent(reader: Reader, bytes: number): void {
    const before = this.waiting.get(reader) ?? 0;
    this.bytes -= Math.min(before, bytes);
    if (before > bytes) this.waiting.set(reader, before - bytes);
    else this.waiting.delete(reader);
  }
}
