import { readSecret, variable } from '../shared/environment';
import { makeBucket } from '../shared/garage-admin';

/**
 * Makes a bucket and the key that opens it, and ends; again is no change.
 *
 * Environment: ADMIN_ENDPOINT, BUCKET; files named by ADMIN_TOKEN_FILE, KEY_ID_FILE and KEY_FILE.
 */
async function main(): Promise<void> {
  const alias = variable('BUCKET');
  await makeBucket(
    { adminEndpoint: variable('ADMIN_ENDPOINT'), adminToken: readSecret('ADMIN_TOKEN') },
    {
      alias,
      key: { accessKeyId: readSecret('KEY_ID'), secretAccessKey: readSecret('KEY') },
    },
  );
  process.stdout.write(`the bucket ${alias} is there, and so is its key\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`the bucket ${variable('BUCKET')}: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
