import { execFile } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { promisify } from 'node:util';
import type { Clients } from './clients';

const patienceMs = 10_000;

/** What is asked of this machine and of DNS. */
export const machine: Pick<Clients, 'nameServers' | 'version'> = {
  async nameServers(domain) {
    try {
      return await new Resolver({ timeout: patienceMs, tries: 2 }).resolveNs(domain);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
      throw error;
    }
  },
  async version(program) {
    try {
      const { stdout, stderr } = await promisify(execFile)(program, ['--version'], {
        timeout: patienceMs,
      });
      return (stdout || stderr).trim().split('\n')[0] ?? '';
    } catch {
      return undefined;
    }
  },
};
