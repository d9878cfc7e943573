import type { Command } from 'commander';
import { lookAhead } from '../change/look-ahead';
import { isWorthTelling } from '../change/plan';
import { render } from '../change/show';
import { withStack } from '../session';
import { terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

/** `preview`: what `up` would do. */
export function previewCommand(): Command {
  return stackCommand('preview', 'show what "up" would do; changes nothing')
    .addOption(jsonOption())
    .action(preview);
}

async function preview({ stack: name, json = false }: StackOptions): Promise<void> {
  const out = terminal(json);
  const options = { name, out, purpose: 'npm run preview', changes: false, create: true };
  const { changes, steps, plan } = await withStack(options, lookAhead);
  if (json) {
    const told = steps.map(({ operation, urn, type }) => ({ operation, urn, type }));
    out.result(JSON.stringify({ stack: name, changes, plan, steps: told }, null, 2));
  } else if (isWorthTelling(plan)) out.result(render(name, plan));
}
