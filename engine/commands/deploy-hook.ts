import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { log } from '../../components/services/images/shared/log';
import { stackValues } from '../compose/stack-values';
import { UserError } from '../errors';
import { hooksOf } from '../hooks/announce';
import { Deployments } from '../hooks/deployments';
import { listener } from '../hooks/listener';
import { keyAdvice, signingKey } from '../hooks/signature';
import { root } from '../root';
import { stackSecrets } from '../stack-secrets';
import { terminal } from '../terminal';
import { portFrom, type StackOptions, stackCommand } from './options';

interface ServeOptions extends StackOptions {
  readonly port: number;
  readonly host: string;
  readonly pull?: boolean;
}

/** `deploy-hook serve`: deploys when a signed call asks for it. */
export function deployHookCommand(): Command {
  return stackCommand('deploy-hook', 'deploy when a signed web-hook asks for it')
    .addArgument(new Argument('<action>', 'what to do').choices(['serve']))
    .addOption(
      new Option('--port <number>', 'where it listens').argParser(portFrom).makeOptionMandatory(),
    )
    .option('--host <address>', 'on which address; TLS is for a proxy before it', '127.0.0.1')
    .option('--pull', 'run "git pull --ff-only" before each deployment')
    .addHelpText(
      'after',
      '\nCalls are POST /deploy, signed as Standard Webhooks say by the secret that strata:hooks.in.secret names\n' +
        '(docs/hooks.md). One deployment runs at a time and one waits. Ends on SIGTERM, when what runs has ended.',
    )
    .action((_action, options: ServeOptions) => serve(options));
}

async function serve({ stack, port, host, pull = false }: ServeOptions): Promise<void> {
  const key = await keyOf(stack);
  const deployments = new Deployments(() => deploy(stack, pull));
  const app = listener({ key, deployments });
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await app.listen({ port, host }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(`Nothing can listen at ${host}:${port} (${code ?? 'no reason given'}).`);
  });
  log('info', 'waiting for calls', { stack, host, port, pull });
  await ended;
  await app.close();
  await deployments.close();
}

async function keyOf(stack: string): Promise<Buffer> {
  const name = hooksOf(stackValues(root, stack, {})).in?.secret;
  if (name === undefined) {
    throw new UserError(
      `Pulumi.${stack}.yaml names no secret for calls: add "strata:hooks: { in: { secret: deploy-hook } }" and set it: ` +
        `npm run pulumi -- config set --secret --path strata:secrets.deploy-hook --stack ${stack}`,
    );
  }
  const secrets = await stackSecrets(stack, terminal(true));
  const key = Object.hasOwn(secrets, name) ? signingKey(secrets[name] ?? '') : undefined;
  if (key) return key;
  throw new UserError(`The secret that strata:hooks.in.secret names cannot sign: ${keyAdvice}`);
}

/** A pull that is refused (local changes, another branch) deploys nothing: what runs stays as it is. */
async function deploy(stack: string, pull: boolean): Promise<void> {
  const began = performance.now();
  const strata = path.join(root, 'engine', 'cli.ts');
  const steps: [string, string[]][] = [
    ...(pull ? [['git', ['pull', '--ff-only']] satisfies [string, string[]]] : []),
    [process.execPath, [path.join(root, 'engine', 'load.cjs'), strata, 'up', '--stack', stack]],
  ];
  for (const [program, args] of steps) {
    const code = await run(program, args);
    if (code === 0) continue;
    const step = program === 'git' ? 'git pull --ff-only' : 'up';
    log('error', 'the deployment failed', { stack, step, code });
    return;
  }
  log('info', 'deployed', { stack, seconds: Math.round((performance.now() - began) / 1000) });
}

/** In a group of its own, so that a Ctrl-C that ends the listener does not interrupt what it has begun. */
function run(program: string, args: string[]): Promise<number | null> {
  const child = spawn(program, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    // git would ask for a password, of whom nobody is there to answer.
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
  });
  return new Promise((resolve) => {
    child.once('error', () => {
      resolve(null);
    });
    child.once('close', resolve);
  });
}
