import type { EngineEvent } from '@pulumi/pulumi/automation';
import type { Command } from 'commander';
import { withStack } from '../session';
import { terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

interface Step {
  readonly operation: string;
  readonly urn: string;
  readonly type: string;
}

/** `preview`: what `up` would do. */
export function previewCommand(): Command {
  return stackCommand('preview', 'show what "up" would do; changes nothing')
    .addOption(jsonOption())
    .action(preview);
}

async function preview({ stack: name, json = false }: StackOptions): Promise<void> {
  const out = terminal(json);
  const steps: Step[] = [];
  const onEvent = ({ resourcePreEvent }: EngineEvent): void => {
    if (!resourcePreEvent) return;
    const { op: operation, urn, type } = resourcePreEvent.metadata;
    steps.push({ operation, urn, type });
  };
  const options = { name, out, purpose: 'npm run preview', changes: false, create: true };
  const changes = await withStack(options, async ({ stack, live }) => {
    const { changeSummary } = await stack.preview({ ...live, onEvent });
    return changeSummary;
  });
  if (json) out.result(JSON.stringify({ stack: name, changes, steps }, null, 2));
}
