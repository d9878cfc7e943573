import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { pulumiVersion } from '../../engine/pulumi/layout';
import { actionlint } from '../support/tools';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: unknown;
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': unknown };
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: Job['concurrency'];
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = '.github/workflows';
const files = readdirSync(folder);
const texts = Object.fromEntries(
  files.map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]),
);
const workflows = Object.fromEntries(
  Object.entries(texts).map(([file, text]) => [file, parse(text) as Workflow]),
);
const actionText = readFileSync('.github/actions/pulumi/action.yml', 'utf8');
const action = parse(actionText) as { readonly runs: { readonly steps: readonly Step[] } };

function jobsOf(file: string): readonly Job[] {
  return Object.values(workflows[file]?.jobs ?? {});
}

const everyStep: readonly Step[] = [
  ...files.flatMap((file) => jobsOf(file).flatMap(({ steps }) => steps)),
  ...action.runs.steps,
];

test('there are four: checks, preview, deploy and drift', () => {
  expect(files.sort()).toEqual(['checks.yml', 'deploy.yml', 'drift.yml', 'preview.yml']);
});

describe.each(files)('%s', (file) => {
  const workflow = workflows[file];

  test('never runs code of a fork with the rights of this repository', () => {
    expect(Object.keys(workflow?.on ?? {})).not.toContain('pull_request_target');
    expect(Object.keys(workflow?.on ?? {})).not.toContain('workflow_run');
  });

  test('has no rights but those that a job asks for', () => {
    const allowed = file === 'checks.yml' ? { contents: 'read' } : {};
    expect(workflow?.permissions).toEqual(allowed);
    for (const { permissions = {} } of jobsOf(file)) {
      const { contents, ...others } = permissions;
      expect(['read', undefined]).toContain(contents);
      const writes = Object.entries(others).map(([name, level]) => `${name}: ${level}`);
      const comments = file === 'preview.yml' ? ['pull-requests: write'] : [];
      expect(writes).toEqual(file === 'checks.yml' ? [] : ['id-token: write', ...comments]);
    }
  });

  test('runs one at a time, and ends', () => {
    for (const job of jobsOf(file)) {
      expect(job.concurrency ?? workflow?.concurrency).toBeDefined();
      expect(job['timeout-minutes']).toBeGreaterThan(0);
    }
  });

  test('leaves no token of the repository on the disk', () => {
    for (const { steps } of jobsOf(file)) {
      const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
      expect(checkouts.map((step) => step.with)).toEqual([{ 'persist-credentials': false }]);
    }
  });
});

test('what runs for pull requests of forks has no secret, no variable and no environment', () => {
  expect(texts['checks.yml']).not.toMatch(/secrets\.|vars\.|environment:/);
  const [preview] = jobsOf('preview.yml');
  expect(preview?.if).toContain(
    'github.event.pull_request.head.repo.full_name == github.repository',
  );
  expect(preview?.if).not.toContain('||');
});

test('a deployment runs from main alone, stack by stack, in an environment that can ask for approval', () => {
  expect(workflows['deploy.yml']?.on).toEqual({
    push: { branches: ['main'] },
    workflow_dispatch: null,
  });
  const [up] = jobsOf('deploy.yml');
  expect(up).toMatchObject({
    if: "vars.STRATA_STACKS != '' && github.ref == 'refs/heads/main'",
    strategy: { 'max-parallel': 1 },
    environment: '${{ matrix.stack }}',
    concurrency: { group: 'pulumi-${{ matrix.stack }}', 'cancel-in-progress': false },
  });
});

test('nothing that holds the lock of a state is ended half-way', () => {
  for (const file of ['deploy.yml', 'drift.yml', 'preview.yml']) {
    for (const { concurrency } of jobsOf(file)) {
      expect(concurrency?.['cancel-in-progress']).toBe(false);
    }
  }
});

test('drift is looked for without changing the state', () => {
  const commands = jobsOf('drift.yml').flatMap(({ steps }) =>
    steps.flatMap(({ run }) => run ?? []),
  );
  expect(commands).toEqual([
    'pulumi refresh --preview-only --expect-no-changes --non-interactive --stack "$STACK"',
  ]);
});

test('actions of others are pinned by commit, with their version beside it', () => {
  const lines = [...Object.values(texts), actionText].flatMap(
    (text) => text.match(/uses: .*/g) ?? [],
  );
  expect(lines.length).toBe(everyStep.filter(({ uses }) => uses !== undefined).length);
  for (const line of lines) {
    expect(line).toMatch(/^uses: (\.\/\S+|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
  }
});

test('no command holds text that somebody else chose', () => {
  for (const { run = '' } of everyStep) expect(run).not.toContain('${{');
});

test('the CLI is the version that Strata is proved with', () => {
  const pulumi = action.runs.steps.find(({ uses }) => uses?.startsWith('pulumi/actions@'));
  expect(pulumi?.with?.['pulumi-version']).toBe(pulumiVersion);
});

const tool = actionlint();
const why = 'missing' in tool ? ` (skipped: ${tool.missing})` : '';

test.skipIf(why !== '')(`actionlint finds nothing wrong${why}`, () => {
  const program = 'program' in tool ? tool.program : '';
  const lint = (args: readonly string[], input = ''): string => {
    try {
      return execFileSync(program, args, { encoding: 'utf8', input });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };
  expect(lint(files.map((file) => path.join(folder, file)))).toBe('');
  // It can find something.
  const broken = (texts['checks.yml'] ?? '').replace('timeout-minutes', 'timeout-minuets');
  expect(lint(['-'], broken)).toContain('timeout-minuets');
});
