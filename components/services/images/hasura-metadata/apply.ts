import { readFileSync } from 'node:fs';
import { metadata, type MetadataInputs } from '../../../../provider/hasura/metadata';
import { readSecret, variable } from '../shared/environment';
import { writeLine } from '../shared/log';

/** What is in the file, apart from addresses and secrets. */
export type MetadataPlan = Omit<MetadataInputs, 'endpoint' | 'adminSecret' | 'url' | 'cluster'>;

/**
 * Tells Hasura its metadata from inside the network, as `strata:hasura:Metadata` does from outside; it may run again.
 *
 * Environment: PLAN (a file), HASURA_URL; files named by HASURA_ADMIN_SECRET_FILE and DATABASE_URL_FILE (strata_migrator).
 */
async function main(): Promise<void> {
  const plan = JSON.parse(readFileSync(variable('PLAN'), 'utf8')) as MetadataPlan;
  const say = (message: string): void => writeLine({ message });
  await metadata.create(
    {
      ...plan,
      endpoint: variable('HASURA_URL'),
      adminSecret: readSecret('HASURA_ADMIN_SECRET'),
      url: readSecret('DATABASE_URL'),
      cluster: 'compose',
    },
    {
      urn: 'metadata',
      stack: 'compose',
      name: 'metadata',
      signal: new AbortController().signal,
      progress: say,
      warn: say,
    },
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
