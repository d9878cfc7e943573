const oneRequestMs = 2_000;

/**
 * Calls `stop` for the first request to stop and `kill` for a later one. On a terminal one Ctrl-C reaches us twice,
 * directly and, a moment later, through npm. Returns what ends the listening.
 */
export function onStopSignals(stop: () => void, kill: () => void): () => void {
  let asked: number | undefined;
  const listener = (): void => {
    if (asked === undefined) {
      asked = Date.now();
      stop();
    } else if (Date.now() - asked > oneRequestMs) kill();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
