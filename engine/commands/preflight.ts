import type { Command } from 'commander';
import { awsStack } from '../aws-stack';
import type { Finding } from '../preflight/check';
import { machine } from '../preflight/machine';
import { subjectOf } from '../preflight/subject';
import { projectName } from '../session';
import { table, terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

/** `preflight`: whether a stack could be deployed on AWS from here; exits with 1 when not. */
export function preflightCommand(): Command {
  return stackCommand(
    'preflight',
    'look whether a stack can be deployed on AWS from here; creates nothing, exits with 1 when it cannot',
  )
    .addOption(jsonOption())
    .action(run);
}

async function run({ stack, json = false }: StackOptions): Promise<void> {
  const out = terminal(json);
  const { settings } = awsStack(stack);
  const subject = subjectOf({ project: projectName(), stack }, settings);
  // AWS's clients take longer to load than most commands to run.
  const [{ awsClients }, { preflight }] = await Promise.all([
    import('../preflight/clients'),
    import('../preflight/run'),
  ]);
  const findings = await preflight(subject, { ...awsClients(settings.aws.region), ...machine });
  const ok = findings.every(({ level }) => level !== 'error');
  if (!ok) process.exitCode = 1;
  out.result(json ? JSON.stringify({ stack, ok, findings }, null, 2) : shown(stack, findings, ok));
}

function shown(stack: string, findings: readonly Finding[], ok: boolean): string {
  const words = { ok: 'ok', warning: 'WARNING', error: 'ERROR' } as const;
  const rows = findings.map(({ level, check, says }) => [words[level], check, says]);
  const advice = findings.flatMap((finding) =>
    finding.advice === undefined ? [] : [`${finding.check}: ${finding.advice}`],
  );
  const errors = findings.filter(({ level }) => level === 'error').length;
  return [
    table([['STATE', 'WHAT', 'FOUND'], ...rows]),
    ...(advice.length > 0 ? ['', ...advice] : []),
    '',
    ok
      ? `Stack ${stack} can be deployed. Nothing was created.`
      : `Stack ${stack} cannot be deployed: ${errors} ${errors === 1 ? 'error' : 'errors'}. Nothing was created.`,
  ].join('\n');
}
