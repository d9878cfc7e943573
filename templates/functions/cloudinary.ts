import { createHash, randomUUID } from 'node:crypto';
import { http } from '../../components/services/images/functions/api';
import { answered, ask, find, jsonOf, keep, Refused } from './stored-files/common';

/**
 * Files of tenants at Cloudinary: `POST /functions/cloudinary?name=…`, and `GET /functions/cloudinary/<id>`, which
 * answers with a link that is good for a minute. docs/functions.md says what it needs.
 *
 * Cloudinary's API (cloudinary.com/documentation/authentication_signatures and image_upload_api_reference, cloudinary_npm
 * lib/utils/index.js: api_sign_request, private_download_url; 2026-11-22): `POST /v1_1/<cloud>/<kind>/upload` with `file`
 * and signed parameters; `type=authenticated` lets nobody read without a signature; `GET /v1_1/<cloud>/<kind>/download`
 * takes `public_id`, `format`, `type`, `expires_at`. A signature is the SHA-1 or SHA-256, in hex, of the sorted
 * parameters (without file and api_key) joined by `&`, with the API secret behind them. How large a file may be is a
 * matter of the account's plan.
 *
 * What a row leads to is made of tenant and id, never read from the row: a row that a member makes leads nowhere else.
 */
export default http((request, { db, secret, signal, tenantId }) => {
  const account = accountOf(secret('CLOUDINARY_URL'));
  const publicId = (id: string): string => `strata/${tenantId}/${id}`;

  return answered(request, {
    async upload(file) {
      const id = randomUUID();
      const form = new FormData();
      form.set('file', new Blob([file.bytes], { type: file.mimeType }), 'file');
      const parameters = { public_id: publicId(id), type: 'authenticated', overwrite: 'false' };
      for (const [name, value] of Object.entries(signed(account, parameters)))
        form.set(name, value);
      const url = `${account.api}/${kindOf(file.mimeType)}/upload`;
      const answer = await ask(url, { method: 'POST', body: form, signal });
      return keep(db, 'cloudinary', id, file, await formatIn(answer));
    },

    async download(id) {
      const row = await find(db, 'cloudinary', id);
      if (!format.test(row.reference)) throw new Refused(404, 'not_found', 'there is no such file');
      const parameters = signed(account, {
        public_id: publicId(id),
        type: 'authenticated',
        expires_at: String(now() + 60),
        ...(row.reference !== '' && { format: row.reference }),
      });
      const query = new URLSearchParams(parameters).toString();
      const location = `${account.api}/${kindOf(row.mime_type)}/download?${query}`;
      const headers = { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
      return new Response(null, { status: 303, headers });
    },
  });
});

const format = /^[a-z0-9]{0,10}$/;

interface Account {
  readonly key: string;
  readonly secret: string;
  readonly api: string;
}

/** Cloudinary's own form, `cloudinary://<key>:<secret>@<cloud>`; `?upload_prefix=` names another host of theirs. */
function accountOf(url: string): Account {
  const [, key = '', secret = '', cloud = '', prefix] =
    /^cloudinary:\/\/(\w+):([\w-]+)@([\w-]+)(?:\?upload_prefix=(https?:\/\/[\w.:-]+))?$/.exec(
      url.trim(),
    ) ?? [];
  if (cloud === '') throw new Error('CLOUDINARY_URL is no cloudinary://<key>:<secret>@<cloud>');
  return { key, secret, api: `${prefix ?? 'https://api.cloudinary.com'}/v1_1/${cloud}` };
}

/** No value has an `&`, which would have to be written otherwise. */
function signed(account: Account, parameters: Readonly<Record<string, string>>) {
  const all: Record<string, string> = { ...parameters, timestamp: String(now()) };
  const text = Object.keys(all)
    .sort()
    .map((name) => `${name}=${all[name] ?? ''}`)
    .join('&');
  const signature = createHash('sha256')
    .update(text + account.secret)
    .digest('hex');
  return { ...all, signature, api_key: account.key };
}

function kindOf(mimeType: string): 'image' | 'video' | 'raw' {
  if (mimeType.startsWith('image/')) return 'image';
  return /^(video|audio)\//.test(mimeType) ? 'video' : 'raw';
}

/** Of an image or a video; other files have none. */
async function formatIn(answer: Response): Promise<string> {
  const said = await jsonOf(answer);
  return typeof said.format === 'string' && format.test(said.format) ? said.format : '';
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
