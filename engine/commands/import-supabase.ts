import { readFileSync } from 'node:fs';
import { type Command } from 'commander';
import { z } from 'zod';
import { copyAccounts } from '../../provider/tenancy/supabase/accounts';
import { forgetFetched } from '../../provider/tenancy/supabase/fetch-files';
import { noFiles, planFiles, type PlannedFiles } from '../../provider/tenancy/supabase/files';
import { planImport, type Choices, type Plan } from '../../provider/tenancy/supabase/plan';
import { readProject } from '../../provider/tenancy/supabase/source';
import { writeTenants } from '../../provider/tenancy/supabase/write';
import { UserError } from '../errors';
import { stackOption } from '../outputs';
import { accessOf } from '../tenants/access';
import { table, type Terminal, terminal } from '../terminal';
import { bring, filesOf, placesIn, s3Source } from './import-supabase-files';
import { jsonOption, type StackOptions, stackCommand } from './options';

interface ImportOptions extends StackOptions {
  readonly url: string;
  readonly tenant?: string;
  readonly admin: readonly string[];
  readonly tenantColumn?: string;
  readonly members?: string;
  readonly tenants?: string;
  readonly leave: readonly string[];
  readonly out?: string;
  readonly accounts?: boolean;
  readonly files?: string;
}

/** `import-supabase`: a Supabase project as exports of tenants, which `tenants import` takes. */
export function importSupabaseCommand(): Command {
  const several = (value: string, before: readonly string[]): string[] => [...before, value];
  return stackCommand('import-supabase', 'take over tables, people and files of a Supabase project')
    .requiredOption('--url <url>', 'its database, without the password, which PGPASSWORD has')
    .option('--tenant <slug>', 'all rows are one tenant’s')
    .option(
      '--admin <email>',
      'with --tenant: who manages it; may be given several times',
      several,
      [],
    )
    .option('--tenant-column <name>', 'the column of each table that says whose a row is')
    .option(
      '--members <table>',
      'with --tenant-column: who belongs to whom (user_id, that column, role)',
    )
    .option('--tenants <file>', 'with --tenant-column: JSON, value of the column → slug')
    .option(
      '--leave <name>',
      'a table, or table.column, that stays behind; may be given several times',
      several,
      [],
    )
    .option('--out <folder>', 'copy; without it the plan is shown and nothing is written')
    .option(
      '--accounts',
      'with --out: accounts into the GoTrue whose database GOTRUE_DATABASE_URL names',
    )
    .option(
      '--files <file>',
      'files come too: JSON, bucket or bucket/folder → slug, or null to leave it (docs/import-supabase.md)',
    )
    .addOption(jsonOption())
    .addHelpText('after', '\nNothing is changed there.')
    .action(importSupabase);
}

async function importSupabase(options: ImportOptions): Promise<void> {
  const { stack, url, out: folder, files, json = false } = options;
  const out = terminal(json);
  const choices = choicesOf(options);
  refusePassword(url);
  const gotrue = options.accounts ? gotrueUrl(folder) : undefined;
  const s3 = files !== undefined && folder !== undefined ? s3Source() : undefined;
  const { platform } = await accessOf({ stack }, out);
  await readProject(url, async (client) => {
    const plan = await planImport(client, platform, choices);
    const planned =
      files === undefined ? noFiles : await planFiles(client, plan.tenants, placesIn(files));
    if (!json) show(plan, planned, out);
    const column = 'column' in choices.tenant ? choices.tenant.column : undefined;
    if (folder !== undefined && s3 && [...plan.problems, ...planned.problems].length === 0)
      await bring(s3, planned, folder, out);
    const folders =
      folder === undefined
        ? []
        : await writeTenants(client, platform, plan, column, folder, planned);
    if (folder !== undefined && s3) await forgetFetched(folder);
    const accounts = gotrue === undefined ? [] : await copyAccounts(client, gotrue);
    if (json) out.result(JSON.stringify({ ...inJson(plan, planned), folders, accounts }, null, 2));
    else next([...plan.problems, ...planned.problems], folders, accounts, stack, out);
  });
}

function choicesOf({
  tenant,
  admin,
  tenantColumn,
  members,
  tenants,
  leave,
}: ImportOptions): Choices {
  const slugs = tenants === undefined ? {} : slugsIn(tenants);
  if (
    tenant !== undefined &&
    tenantColumn === undefined &&
    members === undefined &&
    tenants === undefined
  ) {
    if (admin.length > 0) return { tenant: { slug: tenant, admins: admin }, slugs, leave };
    throw new UserError('--tenant needs an --admin <email>: without one nobody could manage it', 2);
  }
  if (
    tenant === undefined &&
    tenantColumn !== undefined &&
    members !== undefined &&
    admin.length === 0
  ) {
    return { tenant: { column: tenantColumn, members }, slugs, leave };
  }
  throw new UserError(
    'Whose are the rows? Either --tenant <slug> --admin <email>, or --tenant-column <name> --members <table>',
    2,
  );
}

function slugsIn(file: string): Record<string, string> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new UserError(`${file} is no JSON file of the form {"value of the column": "slug"}`);
  }
}

/** Command lines are seen by everybody on a machine, and kept by shells. */
function refusePassword(url: string): void {
  const wrong = '--url is to be postgresql://<user>@<host>:<port>/<database>';
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol))
    throw new UserError(wrong, 2);
  if (new URL(url).password !== '')
    throw new UserError(`${wrong}, without the password: PGPASSWORD has it`, 2);
}

function gotrueUrl(folder: string | undefined): string {
  const url = process.env.GOTRUE_DATABASE_URL;
  if (folder === undefined) throw new UserError('--accounts copies, so it needs --out', 2);
  if (url !== undefined && URL.canParse(url)) return url;
  throw new UserError(
    '--accounts needs GOTRUE_DATABASE_URL: the database of the deployed GoTrue',
    2,
  );
}

function inJson({ tenants, tables, problems, notes }: Plan, files: PlannedFiles) {
  return {
    tenants: tenants.map(({ slug, id, members }) => ({ slug, id, members: members.length })),
    tables: tables.map(({ table: { name }, from, rows }) => ({ name, from, rows: total(rows) })),
    files: filesOf(files),
    problems: [...problems, ...files.problems],
    notes,
  };
}

function total(rows: ReadonlyMap<string, number>): number {
  return [...rows.values()].reduce((sum, count) => sum + count, 0);
}

function show(
  { tenants, tables, problems, notes }: Plan,
  files: PlannedFiles,
  out: Terminal,
): void {
  const lines = tables.map(({ table: { name }, from, rows }) => [
    from === undefined ? '–' : `public.${from}`,
    name,
    String(total(rows)),
  ]);
  out.result(table([['FROM', 'TO', 'ROWS'], ...lines]));
  if (tenants.length > 0) {
    const people = tenants.map(({ slug, members }) => [slug, String(members.length)]);
    out.result(`\n${table([['TENANT', 'MEMBERS'], ...people])}`);
  }
  const counted = filesOf(files).map((each) => Object.values(each).map(String));
  if (counted.length > 0) out.result(`\n${table([['TENANT', 'FILES', 'BYTES'], ...counted])}`);
  section('Good to know:', notes, out);
  section('In the way:', [...problems, ...files.problems], out);
}

function section(title: string, lines: readonly string[], out: Terminal): void {
  if (lines.length > 0) out.result(['', title, ...lines.map((line) => `  - ${line}`)].join('\n'));
}

function next(
  problems: readonly string[],
  folders: readonly string[],
  accounts: Awaited<ReturnType<typeof copyAccounts>>,
  stack: string,
  out: Terminal,
): void {
  for (const { table: name, came, there } of accounts) {
    out.result(`${name}: ${came} came, ${there} were there already.`);
  }
  if (folders.length > 0) {
    const option = stack === 'local' ? '' : ` --stack ${stack}`;
    const commands = folders.map((one) => `npm run tenants -- import ${one}${option}`);
    section('Now, for each tenant, all of it or nothing:', commands, out);
    out.result(
      `Then remove the ${folders.length === 1 ? 'folder' : 'folders'}: there are rows of tenants in it.`,
    );
  } else if (problems.length === 0) {
    out.result(
      `\nNothing was written. --out <folder> copies${stackOption(stack) && ` (stack ${stack})`}.`,
    );
  }
}
