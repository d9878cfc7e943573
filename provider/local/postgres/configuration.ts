import os from 'node:os';
import type { Problem } from '../../host/resource';
import { runBinary, type Binaries } from './binaries';

/** What Strata itself decides; a setting of the same name is refused. */
const reserved = [
  'config_file',
  'data_directory',
  'external_pid_file',
  'hba_file',
  'ident_file',
  'include',
  'include_dir',
  'include_if_exists',
  'listen_addresses',
  'logging_collector',
  'password_encryption',
  'port',
  'unix_socket_directories',
];

/** Included by postgresql.conf. */
export const confFile = 'strata.conf';

/** The settings file: a server that listens on the loopback address only, without a socket in the file system. */
export function renderConf(port: number, settings: Readonly<Record<string, string>>): string {
  const own = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    lc_messages: 'C',
    logging_collector: 'off',
  };
  const lines = Object.entries({ ...own, ...settings }).map(
    ([name, value]) => `${name} = ${quote(value)}`,
  );
  return ['# Written by Strata at each start; settings belong into its config.', ...lines, ''].join(
    '\n',
  );
}

/** Who may connect: anybody with a password, from this machine only. */
export function renderHba(): string {
  return [
    '# Written by Strata at each start.',
    '# type  database  user  address       method',
    'host    all       all   127.0.0.1/32  scram-sha-256',
    '',
  ].join('\n');
}

function quote(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** What is wrong with settings: those that Strata decides, and the first that this Postgres does not take. */
export async function settingsProblems(
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
): Promise<Problem[]> {
  const decided = Object.keys(settings).filter((name) => reserved.includes(name));
  if (decided.length > 0) {
    return decided.map((name) => ({
      property: 'settings',
      reason: `settings.${name} is decided by Strata: take it out`,
    }));
  }
  const empty = ['config_file', 'hba_file', 'ident_file'].map((name) => [name, '/dev/null']);
  const given = [...empty, ['data_directory', os.tmpdir()], ...Object.entries(settings)];
  const args = given.flatMap(([name, value]) => ['-c', `${String(name)}=${String(value)}`]);
  try {
    await runBinary(binaries, 'postgres', ['-C', 'port', ...args], {
      user: undefined,
      cwd: os.tmpdir(),
    });
    return [];
  } catch (error) {
    const said = (error as Error).message;
    const [, reason = said] = /FATAL: +(.*)/.exec(said) ?? [];
    return [{ property: 'settings', reason: `settings: ${reason}` }];
  }
}
