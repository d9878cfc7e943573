import type { Command } from 'commander';
import { keepAuthority } from '../authority';
import { type Ahead, giveUpProtection, lookAhead } from '../change/look-ahead';
import { isWorthTelling } from '../change/plan';
import { render } from '../change/show';
import { Interrupted, UserError } from '../errors';
import { examples, renderExamples } from '../example';
import { refuseGuarded } from '../guarded';
import { notesOf, reasonsOf } from '../health';
import { announced, type Watching } from '../hooks/announce';
import { type Outputs, readSecretOutputs, stackOption, withoutSecrets } from '../outputs';
import { settlePendingCreates } from '../pending';
import { type Session, withStack } from '../session';
import { recovered, stackHealth } from '../stack-health';
import { exportState } from '../state';
import { onStopSignals } from '../stop-signals';
import { table, type Terminal, terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

/** `up`: deploys, and says how to reach what was deployed. */
export function upCommand(): Command {
  return stackCommand(
    'up',
    'deploy the platform, or what changed of it; ends when everything is healthy',
  )
    .addOption(jsonOption())
    .action(up);
}

async function up({ stack: name, json = false }: StackOptions): Promise<void> {
  const out = terminal(json);
  const { changes, secrets, outputs } = await announced(name, 'deployed', out, (watching) =>
    deploy(name, out, watching),
  );
  const authority = keepAuthority(name, outputs.authority);
  // The tenants are asked for in the database; a session with a server of AWS is too much for examples.
  const list = outputs.target === 'aws' ? [] : await examples(secrets, authority);
  if (json) {
    out.result(JSON.stringify({ stack: name, ...outputs, changes, examples: list }, null, 2));
    return;
  }
  const rows = Object.entries(outputs.endpoints).map(([endpoint, url]) => [endpoint, url]);
  out.result(`\n${table([['ENDPOINT', 'URL'], ...rows])}\n`);
  if (list.length > 0) out.result(renderExamples(list));
  out.result('npm run status shows each service; npm run down stops them and keeps the data.');
}

/** Deploys, and throws when what was deployed is not healthy. */
async function deploy(name: string, out: Terminal, watching: Watching) {
  const options = { name, out, purpose: `npm run up`, changes: true, create: true };
  const changes = await withStack(options, async (session) => {
    const { stack, live } = session;
    await settlePendingCreates(session, out);
    const ahead = await lookAhead(session);
    const { plan } = ahead.lost.length > 0 ? await giveUp(session, ahead) : ahead;
    if (isWorthTelling(plan)) out.note(render(name, plan));
    const { summary } = await stack.up({ ...live, ...watching });
    return summary.resourceChanges ?? {};
  });
  const secrets = await readSecretOutputs(name, out);
  const outputs = withoutSecrets(secrets);
  await requireHealthy(name, outputs, out);
  return { changes, secrets, outputs };
}

/** Lets go what the environment names by its tokens. */
async function giveUp(session: Session, ahead: Ahead): Promise<Ahead> {
  const { resources = [] } = await exportState(session);
  const lost = ahead.lost.map(({ urn }) => urn);
  refuseGuarded(
    session.stack.name,
    resources.filter(({ urn }) => lost.includes(urn)),
  );
  return giveUpProtection(session, ahead);
}

/** What was healthy when it was deployed, or was left alone, may have ended or hung since. */
async function requireHealthy(stack: string, outputs: Outputs, out: Terminal): Promise<void> {
  const look = await stackHealth(stack, outputs, 'npm run up', out);
  const services = await untilStopped(stack, (signal) => recovered(look, out, signal));
  for (const note of notesOf(services)) out.note(note);
  const reasons = reasonsOf(services);
  if (reasons.length === 0) return;
  const option = stackOption(stack);
  throw new UserError(
    [
      `Stack "${stack}" is deployed, but not all of it is healthy:`,
      ...reasons,
      `npm run status${option} looks again; npm run up${option} repairs what can be repaired.`,
    ].join('\n'),
  );
}

/** Whoever asks this command to end is heard, as while the engine works. */
async function untilStopped<T>(
  stack: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const words = `Interrupted; everything is deployed. npm run status${stackOption(stack)} shows how it is.`;
  const interrupted = new Interrupted(words);
  const unlisten = onStopSignals(
    () => {
      stop.abort(interrupted);
    },
    () => process.exit(interrupted.exitCode),
  );
  try {
    return await work(stop.signal);
  } finally {
    unlisten();
  }
}
