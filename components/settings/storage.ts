import { z } from 'zod';
import { contradict } from './contradictions';
import { hiddenName } from './hidden';
import { bytesOf } from './sizes';
import * as values from './values';

/*
 * Where files are kept and how much of them. Keys to a store of somebody else stand in `strata:secrets`; here they are
 * only named.
 */

const sizeAllowed = 'a size in K, M or G, such as 100M or 2G';

/** Text such as `100M`. */
const size = z
  .string({ error: sizeAllowed })
  .regex(/^[1-9][0-9]{0,5}[KMG]$/, { error: sizeAllowed });

/** S3 takes this much in one piece. */
const largestFile = bytesOf('5G');

/** And ClamAV searches this much: 1.4 says of a higher limit that it is 2147483645 bytes. */
const largestScanned = bytesOf('2047M');

const countAllowed = 'a whole number from 1 to 1000000000, without quotes';
const count = values.whole(countAllowed, 1, 1_000_000_000);

const typeAllowed = 'a type such as image/png, or image/* for all of a kind, in lower case';
const mimeType = z
  .string({ error: typeAllowed })
  .regex(/^(?:\*\/\*|[a-z0-9][a-z0-9.+-]{0,62}\/(?:\*|[a-z0-9][a-z0-9.+-]{0,62}))$/, {
    error: typeAllowed,
  });

const endpointAllowed = 'an http or https address without a path, such as https://s3.example.org';
const endpoint = z
  .string({ error: endpointAllowed })
  .regex(/^https?:\/\/[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[0-9]{1,5})?$/, {
    error: endpointAllowed,
  });

const regionAllowed = 'a region such as eu-central-1';
const bucketAllowed = 'a bucket name: 3 to 63 of a-z, 0-9, . and -';

const s3 = z
  .strictObject({
    endpoint: endpoint.optional().describe('Where the store answers; AWS itself when not given.'),
    region: z
      .string({ error: regionAllowed })
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: regionAllowed })
      .default('us-east-1')
      .describe('The region of the bucket.'),
    bucket: z
      .string({ error: bucketAllowed })
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: bucketAllowed })
      .describe('The bucket; it must be there, private, and used by nothing else.'),
    accessKey: hiddenName.describe("The member of strata:secrets that holds the key's id."),
    secretKey: hiddenName.describe('The member of strata:secrets that holds the key itself.'),
    pathStyle: z
      .boolean({ error: 'true or false' })
      .default(false)
      .describe('true: the bucket stands in the path, which stores other than AWS often need.'),
  })
  .describe('The store, where "store" is s3.');

function quota(bytes: string, files: number, whose: string) {
  return z
    .strictObject({
      size: size.default(bytes).describe('How much all files may have together.'),
      files: count.default(files).describe('How many files.'),
    })
    .prefault({})
    .describe(`What ${whose} may keep.`);
}

/** `strata:storage`: files of tenants. */
export const storage = z
  .strictObject({
    store: z
      .enum(['garage', 's3'])
      .default('garage')
      .describe('garage: Strata runs the store. s3: somebody else does.'),
    s3: s3.optional(),
    maxFileSize: size.default('100M').describe('How large one file may be; at most 5G.'),
    mimeTypes: z
      .array(mimeType, { error: `a list, each ${typeAllowed}` })
      .min(1, { error: 'at least one type; */* takes every file' })
      .max(200, { error: 'at most 200 types' })
      .default([
        'image/*',
        'audio/*',
        'video/*',
        'text/plain',
        'text/csv',
        'application/json',
        'application/pdf',
        'application/zip',
      ])
      .describe('Which files are taken. What a file is, is looked up in its first bytes too.'),
    tenantQuota: quota('10G', 100_000, 'a tenant'),
    userQuota: quota('2G', 20_000, 'one member of a tenant'),
    scan: z
      .enum(['none', 'clamav'])
      .default('none')
      .describe(
        'Whether uploads are searched for viruses: clamav refuses those in which it finds something.',
      ),
  })
  .superRefine((given, context) => {
    if (given.store === 's3' && given.s3 === undefined) {
      contradict(context, ['s3'], {
        reason: 'is missing, but "store" is s3',
        advice: 'Say bucket, accessKey and secretKey there, or set "store" to garage.',
      });
    }
    if (given.store === 'garage' && given.s3 !== undefined) {
      contradict(context, ['s3'], {
        reason: 'is given, but "store" is garage',
        advice: 'Set "store" to s3, or take "s3" out.',
      });
    }
    if (bytesOf(given.maxFileSize) > largestFile) {
      contradict(context, ['maxFileSize'], {
        reason: 'is more than 5G, which a store takes in one piece',
        advice: 'Use 5G or less.',
      });
    }
    if (given.scan === 'clamav' && bytesOf(given.maxFileSize) > largestScanned) {
      contradict(context, ['maxFileSize'], {
        reason: 'is more than 2047M, which is as much of a file as ClamAV searches',
        advice: 'Use 2047M or less, or set "scan" to none.',
      });
    }
  })
  .describe('Files of tenants: where they are kept, what is taken, and how much.');
