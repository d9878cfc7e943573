import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../ports';

const folder = path.join(os.homedir(), '.cache', 'strata-pebble');
const module = 'github.com/letsencrypt/pebble/v2/cmd';
const version = 'v2.10.1';

/** Why the ACME server cannot be run here; `undefined` when it can. Builds it the first time. */
export const noPebble: string | undefined = (() => {
  const names = ['pebble', 'pebble-challtestsrv'];
  if (names.every((name) => existsSync(path.join(folder, name)))) return undefined;
  try {
    execFileSync('go', ['install', ...names.map((name) => `${module}/${name}@${version}`)], {
      env: { ...process.env, GOBIN: folder },
      stdio: 'ignore',
      timeout: 240_000,
    });
    return undefined;
  } catch {
    return 'pebble is not there and cannot be built (it needs Go and a module proxy)';
  }
})();

export interface Pebble {
  readonly directory: string;
  /** The certificate that makes its https trusted: for NODE_EXTRA_CA_CERTS. */
  readonly authority: string;
  stop(): void;
}

/** The real ACME server pebble, which looks for challenges at `challengePort`; every name leads to 127.0.0.1. */
export async function startPebble(challengePort: number, lifeSeconds: number): Promise<Pebble> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'strata-pebble-'));
  // The program that asks it may run as another user.
  chmodSync(home, 0o755);
  const [port, management, dns] = [await freePort(), await freePort(), await freePort()];
  const authority = path.join(home, 'server.pem');
  // prettier-ignore
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', path.join(home, 'server.key'), '-out', authority], { stdio: 'ignore' });
  const config = path.join(home, 'pebble.json');
  const validity = { validityPeriod: lifeSeconds, description: 'short' };
  writeFileSync(
    config,
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${management}`,
        certificate: authority,
        privateKey: path.join(home, 'server.key'),
        httpPort: challengePort,
        tlsPort: 1,
        ocspResponderURL: '',
        externalAccountBindingRequired: false,
        profiles: { default: validity },
      },
    }),
  );
  const names = start('pebble-challtestsrv', [
    '-defaultIPv4',
    '127.0.0.1',
    '-defaultIPv6',
    '',
    '-dnsserver',
    `127.0.0.1:${dns}`,
    '-management',
    `127.0.0.1:${await freePort()}`,
    '-http01',
    '',
    '-https01',
    '',
    '-tlsalpn01',
    '',
    '-doh',
    '',
  ]);
  const pebble = start('pebble', ['-config', config, '-dnsserver', `127.0.0.1:${dns}`, '-strict'], {
    PEBBLE_VA_NOSLEEP: '1',
    PEBBLE_WFE_NONCEREJECT: '5',
  });
  const directory = `https://localhost:${port}/dir`;
  while (!(await answers(directory))) {
    if (pebble.exitCode !== null) throw new Error('pebble ended');
    await sleep(50);
  }
  return {
    directory,
    authority,
    stop() {
      pebble.kill('SIGKILL');
      names.kill('SIGKILL');
      rmSync(home, { recursive: true });
    },
  };
}

function start(name: string, words: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(path.join(folder, name), words, {
    stdio: process.env.SHOW_PEBBLE ? 'inherit' : 'ignore',
    env: { ...process.env, ...env },
  });
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    https
      .get(url, { rejectUnauthorized: false }, (response) => {
        response.resume();
        // Pebble is strict about the agent of a request; that it answers is enough.
        resolve(true);
      })
      .on('error', () => resolve(false));
  });
}
