/** Node's timers run at once when they should wait longer. */
const longestMs = 2 ** 31 - 1;

/** Acts at a time in milliseconds since 1970; after 24 days where that is later. */
export function timerAt(time: number, act: () => void): NodeJS.Timeout {
  return setTimeout(act, Math.min(time - Date.now(), longestMs));
}
