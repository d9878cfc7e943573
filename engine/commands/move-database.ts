import { Command } from 'commander';
import type { Ends } from '../../provider/database-move/ends';
import { survey } from '../../provider/database-move/look';
import {
  moveDatabases,
  rehearseMove,
  undoMove,
  type MoveOptions,
} from '../../provider/database-move/move';
import { toolsOnPath } from '../../provider/database-move/tools';
import { withEnds, type EndOptions } from '../move-database/ends';
import { facts, moveText, planText, rehearsalText } from '../move-database/words';
import { terminal } from '../terminal';
import { jsonOption } from './options';

interface Options extends EndOptions {
  readonly json?: boolean;
}

/** `move-database`: everything on one Postgres server to another. */
export function moveDatabaseCommand(): Command {
  const move = new Command('move-database')
    .summary('move everything on one Postgres server to another: plan, rehearse, run, undo')
    .description(
      'Moves roles and databases from one Postgres server to another, new one, in a pause; the target’s admin need be no ' +
        'superuser (Amazon RDS). Runs where the programs pg_dump and pg_restore are; every row passes that machine. ' +
        'Both servers are those of a stack on AWS (--stack), or what two files name (--from, --to).',
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
    .option('-s, --stack <name>', 'the stack on AWS whose database moves from its server to RDS')
    .option('--from <file>', 'a file with the connection URL of the source’s admin')
    .option('--to <file>', 'a file with the connection URL of the target’s admin')
    .addOption(jsonOption());
}

async function plan({ json = false, ...servers }: Options): Promise<void> {
  const out = terminal(json);
  const found = await withEnds(servers, out, (ends) => survey(ends, toolsOnPath));
  if (found.problems.length > 0) process.exitCode = 1;
  out.result(json ? JSON.stringify(facts(found), null, 2) : planText(found, servers.stack));
}

async function rehearse(options: Options): Promise<void> {
  await watched(options, async (ends, moving) => {
    const report = await rehearseMove(ends, moving);
    return { ...report, text: rehearsalText(report) };
  });
}

async function run(options: Options): Promise<void> {
  await watched(options, async (ends, moving) => {
    const report = await moveDatabases(ends, moving);
    return { ...report, text: moveText(report, options.stack) };
  });
}

async function undo({ json = false, ...servers }: Options): Promise<void> {
  const out = terminal(json);
  await withEnds(servers, out, undoMove);
  out.result(
    json
      ? JSON.stringify({ undone: true })
      : 'The source is open, and nothing of the move is at the target.',
  );
}

/** Runs `work` with its steps on the terminal; Ctrl-C undoes what is not switched. */
async function watched(
  { json = false, ...servers }: Options,
  work: (ends: Ends, options: MoveOptions) => Promise<{ readonly text: string }>,
): Promise<void> {
  const out = terminal(json);
  const { text, ...report } = await withEnds(servers, out, async (ends) => {
    const stop = new AbortController();
    const interrupt = (): void => {
      stop.abort();
    };
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    try {
      return await work(ends, { signal: stop.signal, tell: out.note });
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    }
  });
  out.result(json ? JSON.stringify(report, null, 2) : text);
}
