import type { Command } from 'commander';
import { examples, renderExamples } from '../example';
import { readSecretOutputs, withoutSecrets } from '../outputs';
import { forgetPendingCreates } from '../pending';
import { withStack } from '../session';
import { table, terminal } from '../terminal';
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
  const options = { name, out, purpose: `npm run up`, changes: true, create: true };
  const changes = await withStack(options, async ({ stack, live }) => {
    await forgetPendingCreates(stack, out);
    await stack.preview(live);
    const { summary } = await stack.up(live);
    return summary.resourceChanges ?? {};
  });
  const secrets = await readSecretOutputs(name, out);
  const outputs = withoutSecrets(secrets);
  const list = await examples(secrets);
  if (json) {
    out.result(JSON.stringify({ stack: name, ...outputs, changes, examples: list }, null, 2));
    return;
  }
  const rows = Object.entries(outputs.endpoints).map(([endpoint, url]) => [endpoint, url]);
  out.result(`\n${table([['ENDPOINT', 'URL'], ...rows])}\n`);
  if (list.length > 0) out.result(renderExamples(list));
  out.result('npm run status shows each service; npm run down stops them and keeps the data.');
}
