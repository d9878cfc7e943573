import { Client } from 'pg';
import { readSecret } from '../shared/environment';
import { statements } from './policies';

/**
 * Puts the fence around the tables of Supabase's storage, and ends; again is no change.
 *
 * Environment: a file named by DATABASE_URL_FILE, of the role that owns them. Fails while they are not there.
 */
async function main(): Promise<void> {
  const client = new Client({ connectionString: readSecret('DATABASE_URL') });
  await client.connect();
  try {
    // Servers that start together come one after the other: two would find the same policy missing, and one would fail.
    const alone = "select pg_advisory_xact_lock(hashtext('fence of storage'))";
    await client.query(['begin', alone, ...statements, 'commit'].join(';\n'));
  } finally {
    await client.end();
  }
  process.stdout.write('the tables of storage are fenced\n');
}

main().catch((error: unknown) => {
  process.stderr.write(`the fence of storage: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
