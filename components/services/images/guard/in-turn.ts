import dns from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * Looks names up, and begins with another address each time: the replicas of a service have one name, and the system
 * would name the same one first again and again. The others follow, for when the first does not answer.
 */
export function inTurn(lookup: typeof dns.lookup = dns.lookup): LookupFunction {
  let turn = 0;
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) {
        callback(error, []);
        return;
      }
      const all = found.toSorted(
        (a, b) => a.family - b.family || a.address.localeCompare(b.address),
      );
      const at = turn++ % all.length;
      const rotated = [...all.slice(at), ...all.slice(0, at)];
      if (options.all) callback(null, rotated);
      else callback(null, rotated[0]?.address ?? '', rotated[0]?.family);
    });
  };
}
