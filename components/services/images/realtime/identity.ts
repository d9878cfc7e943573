import type { IncomingMessage } from 'node:http';
import { Refusal } from '../shared/refusal';
import { NoSeat, type Seat, type Seats } from '../shared/sockets/seats';
import { timerAt } from '../shared/timer';
import { shownBy, type Admission, type Member, type Shown } from './admission';
import { asRefusal, expired } from './closing';
import { unavailable } from './rooms';

interface Options {
  readonly request: IncomingMessage;
  /** What stood in the query; public, and no credential. */
  readonly apiKey: string;
  readonly admission: Admission;
  readonly seats: Seats;
  /** Whose the socket is, and what that one may now; resolves when its channels go by it. */
  readonly onMember: (member: Member) => Promise<void>;
  /** The socket goes on as somebody else's; resolves when nothing of the former one's is left. */
  readonly onChange: (reason: Refusal) => Promise<void>;
  /** The member is let in no more. */
  readonly onEnd: (reason: Refusal) => void;
}

/** What the guard was shown, and whom it has let in by that. */
interface Admitted {
  readonly shown: Shown;
  readonly member: Member;
}

/** While nobody can be asked whether its member is still let in, a socket stays for this long. */
const unconfirmedMs = 60_000;

/** What the guard has just said counts: nobody makes it work by joining again and again. */
const freshMs = 1_000;

/** Whose a socket is: one member's at a time, for as long as the guard lets that one in. */
export class Identity {
  /** What counts the socket, while it does. */
  seat: Seat | undefined;
  private admitted: Admitted | undefined;
  private confirmedAt = performance.now();
  private timer: NodeJS.Timeout | undefined;
  private over = false;

  constructor(private readonly options: Options) {}

  get member(): Member | undefined {
    return this.admitted?.member;
  }

  /** Who shows this credential; from then on the socket is that one's. Throws `Refusal`. */
  async take(credential: string | undefined): Promise<Member> {
    const { request, apiKey, onMember, onChange, onEnd } = this.options;
    // The client sends its public key as a token too while nobody is signed in.
    if (credential === undefined || credential === apiKey) {
      throw new Refusal(401, 'credentials_missing', 'sign in first: an access token is required');
    }
    const shown = shownBy(request, credential);
    const before = this.admitted;
    const fresh = performance.now() - this.confirmedAt < freshMs;
    if (before && fresh && this.isAdmitted(shown)) return before.member;
    const member = await this.ask(shown);
    if (before && !isSame(before.member, member)) {
      this.admitted = undefined;
      await onChange(new Refusal(403, 'member_changed', 'somebody else has signed in here'));
      await this.stand();
    }
    this.seat ??= await this.sit(member);
    this.admitted = { shown, member };
    this.confirmedAt = performance.now();
    clearTimeout(this.timer);
    this.timer = timerAt(member.endsAt, () => onEnd(expired()));
    await onMember(member);
    if (this.over) await this.leave();
    return member;
  }

  /** Asks whether the member is still let in, and as what: an API key has the role of who issued it. Lets nobody in. */
  async review(): Promise<void> {
    const { admitted } = this;
    if (!admitted || this.over) return;
    const { admission, onMember, onEnd } = this.options;
    try {
      const member = await admission.still(admitted.shown);
      if (this.admitted !== admitted) return;
      this.admitted = { ...admitted, member };
      this.confirmedAt = performance.now();
      await onMember(member);
    } catch (error) {
      // By a newer token, it was let in meanwhile.
      if (this.admitted !== admitted) return;
      const refusal = asRefusal(error);
      const unknown = refusal.status === 429 || refusal.status >= 500;
      if (!unknown || performance.now() - this.confirmedAt > unconfirmedMs) onEnd(refusal);
    }
  }

  /** The socket is nobody's any more. */
  async leave(): Promise<void> {
    this.over = true;
    this.admitted = undefined;
    clearTimeout(this.timer);
    await this.stand();
  }

  /** A credential that was admitted is not counted once more: a client shows it for each of its channels. */
  private ask(shown: Shown): Promise<Member> {
    const { admission } = this.options;
    return this.isAdmitted(shown) ? admission.still(shown) : admission.admit(shown);
  }

  private isAdmitted(shown: Shown): boolean {
    return JSON.stringify(this.admitted?.shown) === JSON.stringify(shown);
  }

  private async sit(member: Member): Promise<Seat> {
    try {
      return await this.options.seats.take(member);
    } catch (error) {
      if (error instanceof NoSeat) throw new Refusal(429, 'sockets_limited', error.message);
      throw unavailable();
    }
  }

  private async stand(): Promise<void> {
    const { seat } = this;
    this.seat = undefined;
    if (seat) await this.options.seats.free(seat);
  }
}

function isSame(one: Member, other: Member): boolean {
  return (
    one.tenantId === other.tenantId && one.userId === other.userId && one.caller === other.caller
  );
}
