import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import example from '../../app/tenancy';
import { readFunctions } from '../../components/services/declared-functions';
import { nextTick, readDefinition } from '../../components/services/images/functions/definition';
import { root } from '../../engine/root';

const api = path.join(root, 'components/services/images/functions/api');
const tables = ['app.notes', 'app.projects'];
let app: string;

beforeEach(() => {
  app = mkdtempSync(path.join(os.tmpdir(), 'strata-app-'));
  mkdirSync(path.join(app, 'functions/shared'), { recursive: true });
});

afterEach(() => {
  rmSync(app, { recursive: true });
});

function write(name: string, definition: string): void {
  const imported = `import { cron, http, onEvent, publicHttp, worker } from '${api}';`;
  writeFileSync(path.join(app, 'functions', name), `${imported}\n${definition}\n`);
}

/** File name → what is said of it. */
function problems(): [string, string][] {
  return readFunctions(app, tables).problems.map(({ reason, advice = '' }) => [
    path.basename(reason),
    advice.split('\n')[0] ?? '',
  ]);
}

test('the example application has a function of each kind', () => {
  const { functions, problems } = readFunctions('./app', Object.keys(example.tables));
  expect(problems).toEqual([]);
  expect(functions).toEqual([
    {
      name: 'daily-count',
      file: 'app/functions/daily-count.ts',
      kind: 'cron',
      pattern: '0 6 * * *',
    },
    { name: 'mention', file: 'app/functions/mention.ts', kind: 'worker', queue: 'mentions' },
    {
      name: 'note-written',
      file: 'app/functions/note-written.ts',
      kind: 'event',
      table: 'app.notes',
      operations: ['insert'],
    },
    { name: 'project-summary', file: 'app/functions/project-summary.ts', kind: 'http' },
  ]);
});

test('an application without the folder has none', () => {
  rmSync(path.join(app, 'functions'), { recursive: true });
  expect(readFunctions(app, tables)).toEqual({ functions: [], problems: [] });
});

test('modules in folders below are no functions, and a function may use them', () => {
  writeFileSync(path.join(app, 'functions/shared/words.ts'), "export const word = 'shared';");
  write(
    'says.ts',
    "import { word } from './shared/words';\nexport default http(() => new Response(word));",
  );
  expect(readFunctions(app, tables).functions.map(({ name }) => name)).toEqual(['says']);
});

test('everything that is wrong is told at once, with its file', () => {
  write('Upper.ts', 'export default http(() => new Response());');
  write('good.ts', 'export default http(() => new Response());');
  write('good.js', 'export default 1;');
  write('no-default.ts', 'export const one = http(() => new Response());');
  write('not-one.ts', 'export default () => new Response();');
  write('no-handler.ts', 'export default http(undefined);');
  write('throws.ts', "throw new Error('at the top');");
  write('bad-pattern.ts', "export default cron('61 * * * *', () => 1);");
  write('bad-date.ts', "export default cron('2020-01-01T00:00:00', () => 1);");
  write(
    'bad-table.ts',
    "export default onEvent({ table: 'app.unknown', operations: ['insert'] }, () => 1);",
  );
  write('bad-event.ts', "export default onEvent({ table: 'app.notes', operations: [] }, () => 1);");
  write(
    'bad-truncate.ts',
    "export default onEvent({ table: 'app.notes', operations: ['truncate'] }, () => 1);",
  );
  write('bad-queue.ts', "export default worker('bull:x', () => 1);");
  write('queue-a.ts', "export default worker('mails', () => 1);");
  write('queue-b.ts', "export default worker('mails', () => 1);");
  const name = 'its name must be a lower-case letter';
  const one =
    'export one function by default: http(…), publicHttp(…), onEvent(…), cron(…) or worker(…)';
  const pattern =
    'the pattern is none of cron with a time to come: five fields, or six with seconds, such as 0 6 * * *';
  expect(problems().map(([file, text]) => [file, text.startsWith(name) ? name : text])).toEqual([
    ['Upper.ts', name],
    ['bad-date.ts', pattern],
    ['bad-event.ts', 'operations is empty'],
    ['bad-pattern.ts', pattern],
    ['bad-queue.ts', 'a queue is named by a lower-case letter, then up to 39 of a-z, 0-9 and -'],
    ['bad-truncate.ts', 'operations are insert, update and delete'],
    ['good.js', name],
    ['no-default.ts', one],
    ['no-handler.ts', 'no function is given to run'],
    ['not-one.ts', one],
    ['throws.ts', 'at the top'],
    [
      'bad-table.ts',
      'tenancy.ts declares no table "app.unknown"; it declares app.notes or app.projects',
    ],
    [
      'queue-b.ts',
      `the queue mails has a worker in ${path.relative(root, path.join(app, 'functions/queue-a.ts'))}: each job would go to one of them by chance`,
    ],
  ]);
});

test('a mistake in the syntax is told with its place', () => {
  write('broken.ts', 'export default http((');
  const [problem, ...others] = readFunctions(app, tables).problems;
  expect(others).toEqual([]);
  expect(problem?.advice).toMatch(/broken\.ts:3:0: ERROR: Unexpected end of file/);
});

test('a definition keeps its handler', () => {
  const definition = { kind: 'cron', pattern: '* * * * *', handler: () => 1 };
  expect(readDefinition({ default: definition })).toEqual({ definition });
});

test('ticks are counted in UTC, each after the one before', () => {
  const from = new Date('2030-03-31T00:30:00Z');
  expect(nextTick('0 6 * * *', from)).toEqual(new Date('2030-03-31T06:00:00Z'));
  expect(nextTick('*/5 * * * * *', from)).toEqual(new Date('2030-03-31T00:30:05Z'));
});
