const minute = 60_000;
const longestPause = 6 * 60 * minute;
/** Timers of Node end at 24.8 days; a look at the clock each hour also outlives a sleeping machine. */
const longestSleep = 60 * minute;

/** As much of what is served as decides about when it is renewed. */
interface Current {
  readonly certificate: {
    readonly subjectAltName?: string | undefined;
    readonly validFrom: string;
    readonly validTo: string;
  };
  readonly directory: string | undefined;
}

interface Wanted {
  readonly names: readonly string[];
  readonly directory: string;
}

/** When a certificate is to be ordered, in milliseconds since 1970: at two thirds of the life of the one that serves. */
export function dueAt(current: Current | undefined, { names, directory }: Wanted): number {
  if (current?.directory !== directory) return 0;
  const { certificate } = current;
  const held = namesOf(certificate.subjectAltName ?? '');
  if (names.length !== held.length || names.some((name) => !held.includes(name))) return 0;
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  return from + ((to - from) * 2) / 3;
}

/** How long to wait after `failures` failures in a row: one minute, then twice as long each time, up to six hours. */
export function pauseAfter(failures: number): number {
  return Math.min(minute * 2 ** Math.min(failures - 1, 20), longestPause);
}

/** How long to sleep before the next look. */
export function sleepUntil(due: number, now: number): number {
  return Math.min(Math.max(due - now, 0), longestSleep);
}

function namesOf(subjectAltName: string): string[] {
  return subjectAltName
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice('DNS:'.length));
}
