import { NoSeat, type Seat, type Seats, type Sitter } from '../../shared/sockets/seats';
import { Refusal } from '../refusal';

/**
 * Counts a socket. When Redis does not answer, none is let in; those that are there stay. Throws `Refusal`: 429 when
 * there is no seat left, 503 when there is no counting.
 */
export async function seatFor(sitter: Sitter, seats: Seats): Promise<Seat> {
  try {
    return await seats.take(sitter);
  } catch (error) {
    if (error instanceof NoSeat) throw new Refusal(429, 'sockets_limited', error.message);
    throw new Refusal(503, 'limits_unavailable', 'sockets cannot be counted now: try again');
  }
}
