import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  expectBothAlone,
  ledger,
  notes,
  stateOf,
  whyNoEngine,
  type Outputs,
} from '../support/engine';
import { readMigrations } from '../../components/data/migrations';
import { root } from '../../engine/root';
import type { Followed } from '../support/follow';
import { kill, processesAbout } from '../support/processes';
import { randomFrom, seed } from '../support/random';
import { Workspace } from '../support/workspace';

const reason = await whyNoEngine();
const long = process.env.STRATA_TEST_LONG === '1';

/** About as many lines a first up writes: preview and update. */
const lines = 105;

/** What is ended, and how; true when it was there to be ended. */
const ways: Readonly<Record<string, (up: Followed) => boolean>> = {
  'SIGINT to the command': (up) => {
    kill(up.pid, 'SIGINT');
    return true;
  },
  'SIGKILL to the command alone': (up) => {
    kill(up.pid);
    return true;
  },
  'SIGKILL to the engine': () => {
    const engine = enginePid();
    if (engine !== undefined) kill(engine);
    return engine !== undefined;
  },
  'SIGKILL to command and engine groups': (up) => {
    const engine = enginePid();
    kill(-up.pid);
    if (engine !== undefined) kill(-engine);
    return true;
  },
  'SIGKILL to the strata provider': () => {
    const provider = processesAbout(workspace.folder).find(({ command }) =>
      command.includes('provider/index.ts'),
    );
    if (provider) kill(provider.pid);
    return provider !== undefined;
  },
  'SIGKILL to everything (power cut)': () => {
    for (const { pid } of processesAbout(workspace.folder)) kill(pid);
    return true;
  },
};

const random = randomFrom(seed);

/** Every way, or, in the short version, two of them. */
function chosenWays(): string[] {
  const all = Object.keys(ways);
  const first = Math.floor(random() * all.length);
  const either = all.filter((_, index) => [first, (first + 1) % all.length].includes(index));
  return long ? all : either;
}

const cases = chosenWays().map((way) => ({ way, moment: 1 + Math.floor(random() * lines) }));

let workspace: Workspace;

function enginePid(): number | undefined {
  const file = workspace.path('.strata/stacks/local/engine');
  if (!existsSync(file)) return undefined;
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid;
  } catch {
    // It is being written right now.
    return undefined;
  }
}

/** Starts a first up and interrupts it after a number of lines; tells after which line that was. */
async function interrupt(way: string, moment: number): Promise<string> {
  const up = workspace.begin('up');
  let last: string | undefined;
  up.onLine((line, count) => {
    if (last === undefined && count >= moment && ways[way]?.(up)) last = line.trim();
  });
  const { code, text } = await up.ended;
  // Late in the run there may be nothing left to interrupt.
  if (way.startsWith('SIGINT') && moment < lines / 2) {
    expect(code, text).toBe(130);
    expect(text).toContain('"npm run up" continues from there');
  }
  return last ?? 'nothing: it had ended before';
}

describe.skipIf(reason)('an interrupted first up', () => {
  beforeAll(async () => {
    process.stderr.write(`Moments of interruption: STRATA_TEST_SEED=${String(seed)}\n`);
    workspace = await Workspace.create();
  });

  afterEach(() => workspace.wipe());

  afterAll(() => workspace.dispose());

  test.each(cases)(
    'converges after $way at line $moment',
    async ({ way, moment }) => {
      workspace.configure({});
      const stackFile = workspace.read('Pulumi.local.yaml');
      const last = await interrupt(way, moment);
      const { code, stdout, stderr } = await workspace.run('up');
      expect(code, `after "${last}":\n${stdout}\n${stderr}`).toBe(0);

      const outputs = await workspace.outputs<Outputs>();
      expect(stateOf(workspace).pending).toEqual([]);
      expectBothAlone(workspace);
      expect((await fetch(String(outputs.services.graphql?.health))).status).toBe(200);
      expect(await ledger(outputs)).toEqual(everyMigration);
      expect(await notes(outputs)).toEqual(exampleNotes);
      expect(workspace.read('Pulumi.local.yaml')).toBe(stackFile);
    },
    120_000,
  );
});

const everyMigration = (['platform', 'app'] as const).flatMap((scope) =>
  readMigrations(path.join(root, scope === 'platform' ? 'sql' : 'app/sql'), scope).map(
    ({ name }) => `${scope}/${name}`,
  ),
);

const exampleNotes = [
  'acme: Brakes arrive on Thursday.',
  'acme: Keep away from the delivery van.',
  'acme: The left skate is faster than the right one.',
  'globex: Rain on weekdays only.',
  'globex: The snow switch is stuck.',
];
