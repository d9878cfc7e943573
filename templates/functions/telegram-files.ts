import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { http } from '../../components/services/images/functions/api';
import {
  answered,
  ask,
  attachment,
  bytesOf,
  find,
  jsonOf,
  keep,
  Refused,
} from './stored-files/common';

/**
 * Files of tenants as documents in a Telegram chat: `POST /functions/telegram-files?name=…` and `GET
 * /functions/telegram-files/<id>`. docs/functions.md says what it needs and what it costs.
 *
 * Telegram's API (core.telegram.org/bots/api#senddocument, #getfile, #file, 2026-11-22): `sendDocument` takes up to 50 MB;
 * `getFile` gives a path for an hour, for files of up to 20 MB, and they lie below `/file/bot<token>/`. A server of one's
 * own (#using-a-local-bot-api-server) has the same paths. More than 20 MB could never be read again, so it is refused.
 *
 * A file that was sent stays in the chat when its row cannot be written, or is deleted.
 */
export default http((request, { db, secret, signal, tenantId }) => {
  const chat = telegramOf(secret('TELEGRAM_FILES_URL'));
  const seal = (id: string, file: string): string =>
    createHmac('sha256', chat.token).update(`${tenantId}/${id}/${file}`).digest('base64url');

  return answered(request, {
    async upload(file) {
      if (file.bytes.length > most)
        throw new Refused(413, 'too_large', 'a file may have 20 MB at most');
      const form = new FormData();
      form.set('chat_id', chat.id);
      form.set('disable_content_type_detection', 'true');
      // Not its own name and type: whoever reads the chat need not know them.
      form.set(
        'document',
        new Blob([file.bytes], { type: 'application/octet-stream' }),
        'file.bin',
      );
      const answer = await ask(`${chat.api}/sendDocument`, { method: 'POST', body: form, signal });
      const said = (await jsonOf(answer)) as { result?: { document?: { file_id?: unknown } } };
      const sent = text(said.result?.document?.file_id, /^[\w-]{1,200}$/);
      const id = randomUUID();
      return keep(db, 'telegram', id, file, `${sent}.${seal(id, sent)}`);
    },

    async download(id) {
      const row = await find(db, 'telegram', id);
      const [file = '', sealed = ''] = row.reference.split('.');
      // A member may write rows: one that names another tenant's file does not have its seal.
      if (!same(sealed, seal(id, file)))
        throw new Refused(404, 'not_found', 'there is no such file');
      const answer = await ask(`${chat.api}/getFile?file_id=${file}`, { signal });
      const said = (await jsonOf(answer)) as { result?: { file_path?: unknown } };
      const path = text(said.result?.file_path, /^(?!.*\.\.)[\w./-]{1,300}$/);
      const bytes = await bytesOf(await ask(`${chat.files}/${path}`, { signal }), most);
      return new Response(bytes, { headers: attachment(row) });
    },
  });
});

const most = 20 * 1024 * 1024;

/** `https://<token>@<host>/<chat>`: the token has a colon in it, as a name and a password have. */
function telegramOf(url: string) {
  const wrong = 'TELEGRAM_FILES_URL is no https://<bot token>@api.telegram.org/<chat>';
  if (!URL.canParse(url)) throw new Error(wrong);
  const { origin, username, password, pathname } = new URL(url);
  const token = `${username}:${password}`;
  const id = pathname.slice(1);
  if (!/^\d+:[\w-]+$/.test(token) || !/^-?\d+$/.test(id)) throw new Error(wrong);
  return { token, id, api: `${origin}/bot${token}`, files: `${origin}/file/bot${token}` };
}

function text(value: unknown, pattern: RegExp): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new Refused(
    502,
    'store_failed',
    'what keeps the files answered with what was not expected',
  );
}

function same(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
