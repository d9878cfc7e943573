import type { S3Client } from '@aws-sdk/client-s3';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { clientFactory } from '../../components/services/images/storage/client';
import { fetchFiles } from '../../provider/tenancy/supabase/fetch-files';
import type { PlannedFiles } from '../../provider/tenancy/supabase/files';
import { UserError } from '../errors';
import type { Terminal } from '../terminal';

/** The option --files: bucket or bucket/folder → slug, or null. */
export function placesIn(file: string): Record<string, string | null> {
  try {
    return z
      .record(z.string(), z.string().nullable())
      .parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new UserError(
      `${file} is no JSON file of the form {"bucket or bucket/folder": "slug", "what stays behind": null}`,
    );
  }
}

/**
 * The project's S3 endpoint and its keys, which pass its policies by and so stand in no command line
 * (supabase.com/docs/guides/storage/s3/authentication, read 2026-11-22).
 */
export function s3Source(environment: NodeJS.ProcessEnv = process.env): S3Client {
  const {
    SUPABASE_S3_ENDPOINT: endpoint = '',
    SUPABASE_S3_REGION: region = '',
    SUPABASE_S3_ACCESS_KEY: accessKeyId = '',
    SUPABASE_S3_SECRET_KEY: secretAccessKey = '',
  } = environment;
  if ([region, accessKeyId, secretAccessKey].includes('') || !URL.canParse(endpoint)) {
    throw new UserError(
      '--files with --out needs SUPABASE_S3_ENDPOINT (https://PROJECT.storage.supabase.co/storage/v1/s3), SUPABASE_S3_REGION, SUPABASE_S3_ACCESS_KEY and SUPABASE_S3_SECRET_KEY',
      2,
    );
  }
  return clientFactory()({ endpoint, region, pathStyle: true, accessKeyId, secretAccessKey });
}

/** Brings the files of a plan, which may be done again. */
export async function bring(
  s3: S3Client,
  { byTenant }: PlannedFiles,
  folder: string,
  out: Terminal,
): Promise<void> {
  const { came, there } = await fetchFiles(s3, [...byTenant.values()].flat(), folder);
  out.note(`${came} files came, ${there} were there already.`);
}

/** What of each tenant comes. */
export function filesOf({
  byTenant,
}: PlannedFiles): { readonly slug: string; readonly files: number; readonly bytes: number }[] {
  return [...byTenant].map(([slug, files]) => ({
    slug,
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  }));
}
