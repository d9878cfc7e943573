import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { survey } from '../../provider/database-move/look';
import {
  moveDatabases,
  rehearseMove,
  undoMove,
  type MoveOptions,
} from '../../provider/database-move/move';
import { toolsOnPath } from '../../provider/database-move/tools';
import { messageOf, UserError } from '../errors';
import { facts, planText, reportText } from '../move-database/words';
import { terminal } from '../terminal';
import { jsonOption } from './options';

interface EndOptions {
  readonly from: string;
  readonly to: string;
  readonly json?: boolean;
}

/** `move-database`: everything on one Postgres server to another. */
export function moveDatabaseCommand(): Command {
  const move = new Command('move-database')
    .summary('move everything on one Postgres server to another: plan, rehearse, run, undo')
    .description(
      'Moves roles and databases from one Postgres server to another, new one, in a pause; the target’s admin need be no ' +
        'superuser (Amazon RDS). Runs where both servers and the programs pg_dump and pg_restore are at hand.',
    );
  const commands = [
    commandNamed(
      'plan',
      'print what would be done, and what is against it; changes nothing',
    ).action(plan),
    commandNamed(
      'rehearse',
      'copy everything while the platform runs, measure it, take it away again',
    ).action(rehearse),
    commandNamed('run', 'move: nobody is served meanwhile; again after an interruption').action(
      run,
    ),
    commandNamed(
      'undo',
      'open the source again after a move that was interrupted before its end',
    ).action(undo),
  ];
  for (const command of commands) {
    move.addCommand(
      command
        .exitOverride()
        .showHelpAfterError(`(move-database ${command.name()} --help shows what there is)`),
    );
  }
  return move;
}

/** No URL stands on a command line: it has a password. */
function commandNamed(name: string, summary: string): Command {
  return new Command(name)
    .summary(summary)
    .description(summary)
    .requiredOption('--from <file>', 'a file with the connection URL of the source’s admin')
    .requiredOption('--to <file>', 'a file with the connection URL of the target’s admin')
    .addOption(jsonOption());
}

async function plan({ json = false, ...files }: EndOptions): Promise<void> {
  const found = await survey(endsIn(files), toolsOnPath);
  if (found.problems.length > 0) process.exitCode = 1;
  terminal(json).result(json ? JSON.stringify(facts(found), null, 2) : planText(found));
}

async function rehearse(options: EndOptions): Promise<void> {
  await watched(options, async (moving) => {
    const report = await rehearseMove(endsIn(options), moving);
    return { ...report, text: reportText(report, 'rehearsed') };
  });
}

async function run(options: EndOptions): Promise<void> {
  await watched(options, async (moving) => {
    const report = await moveDatabases(endsIn(options), moving);
    return { ...report, text: reportText(report, 'moved') };
  });
}

async function undo({ json = false, ...files }: EndOptions): Promise<void> {
  await undoMove(endsIn(files));
  terminal(json).result(
    json
      ? JSON.stringify({ undone: true })
      : 'The source is open, and nothing of the move is at the target.',
  );
}

/** Runs `work` with its steps on the terminal; Ctrl-C undoes what is not switched. */
async function watched(
  { json = false }: EndOptions,
  work: (options: MoveOptions) => Promise<{ readonly text: string }>,
): Promise<void> {
  const out = terminal(json);
  const stop = new AbortController();
  const interrupt = (): void => {
    stop.abort();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const { text, ...report } = await work({ signal: stop.signal, tell: out.note });
    out.result(json ? JSON.stringify(report, null, 2) : text);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function endsIn({ from, to }: Pick<EndOptions, 'from' | 'to'>): { source: string; target: string } {
  return { source: urlIn('--from', from), target: urlIn('--to', to) };
}

/** Words of an error must not show what stands in the file. */
function urlIn(option: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UserError(`${option}: ${file} cannot be read: ${messageOf(error)}`, 2);
  }
  if (/^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text)) {
    if (!new URL(text).searchParams.has('reach')) return text;
    throw new UserError(
      `${option}: pg_dump knows no reach in a URL: open the way first, and name its local port`,
      2,
    );
  }
  throw new UserError(
    `${option}: ${file} holds no connection URL such as postgresql://postgres:…@host:5432/postgres`,
    2,
  );
}
