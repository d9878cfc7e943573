import type { Survey } from '../../provider/database-move/look';
import type { MoveReport } from '../../provider/database-move/move';
import { stackOption } from '../outputs';
import { table } from '../terminal';

const steps: readonly (readonly [step: string, served: string, back: string])[] = [
  ['look at both servers again', 'everybody', 'nothing has changed'],
  ['shut the source: sessions end, nobody but a superuser gets in', 'nobody', 'by itself, or undo'],
  ['make the roles at the target, which may not log in yet', 'nobody', 'by itself, or undo'],
  [
    'copy each database: tables, rows, then keys, triggers and policies',
    'nobody',
    'by itself, or undo',
  ],
  ['compare tables, rights, policies and every row', 'nobody', 'by itself, or undo'],
  [
    'let roles log in at the target: one transaction, the switch',
    'nobody',
    'to move the other way',
  ],
  ['deploy with the new address', 'everybody, at the target', 'to move the other way'],
];

const never = [
  'templates (the next deployment makes them), the database postgres, tablespaces, replication slots',
  'rights on functions and settings of Postgres itself; membership of its own roles (pg_monitor) where the target’s admin may not give it',
  'values of what is kept elsewhere: files, Redis, backups of the source',
];

const slowly =
  'That is through sessions of Systems Manager, which are slow: "rehearse" measures it. A machine in the platform’s network, ' +
  'with pg_dump and two files for --from and --to, does without them.';

/** What a move would do, for people; of the servers of a stack, or of two that were named. */
export function planText(found: Survey, stack?: string): string {
  const { source, target, databases, roles, journal, problems } = found;
  const bytes = databases.reduce((sum, database) => sum + database.bytes, 0);
  return [
    `From Postgres ${source.version} (${source.systemIdentifier}) to Postgres ${target.version} (${target.systemIdentifier})`,
    '',
    table([
      ['DATABASE', 'SIZE'],
      ...databases.map((database) => [database.name, size(database.bytes)]),
    ]),
    '',
    `${databases.length} databases, ${size(bytes)}; ${roles.length} roles with their passwords.`,
    ...(journal?.state === 'moved'
      ? ['The target has taken over already: there is nothing to do.']
      : []),
    ...(source.closed && journal?.state !== 'moved'
      ? ['The source is shut by a move that was interrupted: run goes on, undo opens it.']
      : []),
    '',
    table([
      ['STEP', 'SERVED MEANWHILE', 'GOING BACK'],
      ...steps.map((step, index) => [`${index + 1} ${step[0]}`, step[1], step[2]]),
    ]),
    '',
    'How long nobody is served: not known before it is measured; "rehearse" does, and changes nothing.',
    `Every row comes to this machine and leaves it again: about ${size(bytes)} each way, less without indexes.`,
    ...(stack === undefined ? [] : [slowly]),
    `Space needed at the target: ${size(bytes)} or less, and what it writes ahead meanwhile.`,
    ...never.map((what) => `Never moved: ${what}.`),
    ...(problems.length > 0
      ? ['', 'Against it:', ...problems.map((problem) => `  - ${problem}`)]
      : []),
    '',
    'Nothing was changed.',
  ].join('\n');
}

/** The same for programs: no password, and nothing that one could be made of. */
export function facts({ source, target, databases, roles, journal, problems }: Survey): object {
  return {
    source,
    target,
    databases: databases.map(({ name, bytes }) => ({ name, bytes })),
    roles: roles.map(({ name }) => name),
    state: journal?.state ?? 'none',
    steps: steps.map(([step, served, back]) => ({ step, served, back })),
    never,
    problems,
  };
}

/** What a rehearsal came to. */
export function rehearsalText(report: MoveReport): string {
  return (
    `${copied(report)} were copied in ${report.pauseSeconds} s and taken away again. ` +
    'The pause of a move is that and one more reading of every row.'
  );
}

/** What a move came to, and what is next. */
export function moveText(report: MoveReport, stack?: string): string {
  const next =
    stack === undefined
      ? 'Deploy the platform with the new address.'
      : `Set strata:aws.databaseMove to moved, then: npm run up${stackOption(stack)}`;
  if (!report.switched) return `The target had taken over before: nothing was changed. ${next}`;
  return (
    `${copied(report)} have moved; nobody was served for ${report.pauseSeconds} s, ` +
    `and nobody is until the next deployment. ${next}`
  );
}

function copied({ databases, bytes, tables }: MoveReport): string {
  return `${databases} databases (${size(bytes)}, ${tables} tables and sequences)`;
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${Math.round(bytes / 1000 ** power)} ${units[power] ?? ''}`;
}
