import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeFolder } from '../provider/local/folders';
import { UserError } from './errors';
import { passphraseFile } from './passphrase';

/** The stack that needs nothing but this machine. */
export const localStack = 'local';

/** Stacks whose services run on this machine: their state may stay here too. */
const stacksOfThisMachine = [localStack, 'dev'];

/** Where a stack's state is, and what opens its secrets. */
export interface Backend {
  /** What the engine's environment must hold in addition to ours. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder of a file backend; absent for any other. */
  readonly folder?: string;
  /** True when the passphrase is the generated one, so that its salt means nothing on another machine. */
  readonly generatedPassphrase: boolean;
}

/**
 * The backend for `stack`: the user's own when there is one, else, for the stacks `local` and `dev`, files in `.strata`.
 * Throws `UserError` for any other stack without a backend.
 */
export function backendFor(
  stack: string,
  root: string,
  env: NodeJS.ProcessEnv = process.env,
): Backend {
  const own = path.join(root, '.strata');
  const theirs = env.PULUMI_BACKEND_URL ?? (env.PULUMI_ACCESS_TOKEN ? 'cloud' : login(env));
  const here = stacksOfThisMachine.includes(stack);
  if (theirs === undefined && !here) {
    throw new UserError(
      `Stack "${stack}" needs a Pulumi backend for its state, and none is set (only ${stacksOfThisMachine.join(' and ')} keep it in .strata). ` +
        'Log in (npm run pulumi -- login) or set PULUMI_BACKEND_URL.',
    );
  }
  const generatedPassphrase =
    here && !env.PULUMI_CONFIG_PASSPHRASE && !env.PULUMI_CONFIG_PASSPHRASE_FILE;
  if (theirs === undefined) makeFolder(path.join(own, 'state'), 0o700);
  const url = theirs ?? pathToFileURL(path.join(own, 'state')).href;
  const isFiles = url.startsWith('file://');
  return {
    env: {
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      ...(isFiles && { PULUMI_BACKEND_URL: withoutAttributes(url) }),
      ...(generatedPassphrase && {
        PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(own),
        // The stack's file is kept free of the salt, so the engine has to take it from the state.
        PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: 'true',
      }),
    },
    ...(isFiles && { folder: folderOf(url, root) }),
    generatedPassphrase,
  };
}

/**
 * A file backend without the files of attributes beside those of the state: nothing reads them, they alone are not
 * written at once, and a half-written one (the engine was killed) makes the whole state unreadable.
 */
function withoutAttributes(url: string): string {
  if (/[?&]metadata=/.test(url)) return url;
  return `${url}${url.includes('?') ? '&' : '?'}metadata=skip`;
}

/** The backend that `pulumi login` recorded. */
function login(env: NodeJS.ProcessEnv): string | undefined {
  const home = env.PULUMI_HOME ?? path.join(os.homedir(), '.pulumi');
  try {
    const file = readFileSync(path.join(home, 'credentials.json'), 'utf8');
    const { current } = JSON.parse(file) as { current?: string };
    return current === '' ? undefined : current;
  } catch {
    return undefined;
  }
}

function folderOf(url: string, root: string): string {
  const [rest = ''] = url.slice('file://'.length).split('?');
  if (rest.startsWith('~')) return path.join(os.homedir(), rest.slice(1));
  return rest.startsWith('/') ? fileURLToPath(url) : path.resolve(root, rest);
}
