import { Worker } from 'node:worker_threads';

/** Runs beside the main thread, which a loop without end would keep from doing anything about itself. */
const program = `
  const { workerData: { beats, seconds } } = require('node:worker_threads');
  const seen = new Int32Array(beats);
  let last = -1;
  setInterval(() => {
    const now = Atomics.load(seen, 0);
    if (now === last) {
      const line = { time: new Date().toISOString(), level: 'error', message: 'a function kept the process busy for ' + seconds + ' seconds: it is ended' };
      require('node:fs').writeSync(1, JSON.stringify(line) + '\\n');
      process.kill(process.pid, 'SIGKILL');
    }
    last = now;
  }, seconds * 1000);
`;

/**
 * Ends this process when its event loop stands still for `seconds` to twice that: a function that computes without end
 * would otherwise hold up every other one. The container is started again.
 */
export function watchEventLoop(seconds: number): void {
  const beats = new SharedArrayBuffer(4);
  const count = new Int32Array(beats);
  setInterval(() => Atomics.add(count, 0, 1), 200).unref();
  const watchdog = new Worker(program, { eval: true, workerData: { beats, seconds } });
  watchdog.unref();
}
