import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Why no real browser can be started here; `undefined` when one can. */
export const noBrowser: string | undefined = existsSync(executablePath)
  ? undefined
  : `${executablePath} is not there (apt-get install chromium)`;

/** A real Chromium without a window; every name below example.org leads to this machine. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    // As root it has no sandbox of its own, and /dev/shm is small in containers.
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--host-resolver-rules=MAP *.example.org 127.0.0.1, MAP example.org 127.0.0.1',
    ],
  });
}
