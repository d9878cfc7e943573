import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { PresetName } from '../../../components/settings/names';
import { engine } from '../../support/docker';
import { presetImages } from '../../support/lab';
import { ask, type Answer } from './client';
import { prefix } from './platform';
import type { Scene } from './scene';

const tried = ['nself', 'nextmavens', 'supabase', 'nestjs', 'flask'] as const;

/** Where people are sent to by links in mail. */
const page = 'https://app.example.org';

const password = 'correct horse battery';

/** Somebody of each tenant for each preset: who has signed in at one auth service is nobody else at the next. */
export function addressOf(tenant: 'acme' | 'globex', preset: PresetName): string {
  return `${tenant}.${preset}@example.org`;
}

function members(tenant: 'acme' | 'globex', others: Readonly<Record<string, string>>): object {
  const admins = tried.map((preset): [string, string] => [addressOf(tenant, preset), 'admin']);
  return { members: { ...others, ...Object.fromEntries(admins) } };
}

/** The config of a preset with its defaults, on images that are here. */
export function presetConfig(preset: PresetName, more: object = {}): Record<string, unknown> {
  return {
    'strata:preset': preset,
    'strata:images': { override: presetImages },
    'strata:database': { memory: '6G' },
    'strata:auth': { redirectUrls: [page] },
    'strata:tenancy': {
      tenants: {
        acme: members('acme', { ann: 'admin', bob: 'member' }),
        globex: members('globex', { gus: 'admin', hal: 'member' }),
      },
    },
    ...more,
  };
}

/** Container of the platform → whether it runs, and is healthy where it says so. */
export async function states(): Promise<Record<string, string>> {
  const all = await engine.listContainers({ all: true, filters: { name: [prefix] } });
  const each = await Promise.all(all.map(({ Id }) => engine.getContainer(Id).inspect()));
  return Object.fromEntries(
    each.map(({ Name, State: { Status, Health } }) => {
      const health = !Health || Health.Status === 'none' ? 'healthy' : Health.Status;
      return [
        Name.slice(1 + prefix.length).replace(/-\d+$/, ''),
        Status === 'running' ? health : Status,
      ];
    }),
  );
}

/** The headers of the platform's operators. */
export function operator({ outputs }: Scene): { readonly authorization: string } {
  const { user, password: word } = outputs.operator;
  return { authorization: `Basic ${Buffer.from(`${user}:${word}`).toString('base64')}` };
}

/** Signs up, follows the link of the mail that comes, logs in, and gives back the access token. */
export async function signIn(scene: Scene, email: string): Promise<string> {
  const { status, text } = await ask(scene, '/auth/signup', { body: { email, password } });
  expect([status, text]).toEqual([202, JSON.stringify({ pending: 'verification' })]);
  // The address is not proven so far.
  const link = await mailedLink(scene, email);
  const followed = await ask(scene, link);
  expect([302, 303], followed.text).toContain(followed.status);
  expect(followed.headers.location).toMatch(/^https:\/\/app\.example\.org/);
  const answer = await ask(scene, '/auth/login', { body: { email, password } });
  expect(answer.status, answer.text).toBe(200);
  // No script of a page reads what the session goes on by.
  expect(JSON.stringify(answer.headers['set-cookie'])).toMatch(
    /__Host-strata-refresh=[^;]+;.*HttpOnly.*SameSite=Strict/i,
  );
  const { accessToken } = answer.json() as { accessToken: string };
  return accessToken;
}

/** The path, at the gateway, of the link in the mail that somebody was sent; only operators read the catcher. */
async function mailedLink(scene: Scene, email: string): Promise<string> {
  const question = { headers: operator(scene) };
  const found = await ask(
    scene,
    `/mail/api/v1/search?query=${encodeURIComponent(`to:${email}`)}`,
    question,
  );
  const { messages } = found.json() as { messages: { ID: string }[] };
  expect(messages, `mail to ${email}`).toHaveLength(1);
  const { text } = await ask(scene, `/mail/view/${messages[0]?.ID ?? ''}.txt`, question);
  const link = new URL(/https:\/\/\S+/.exec(text)?.[0] ?? '');
  expect(link.host).toBe(`localhost:${String(scene.ports.https)}`);
  return link.pathname + link.search;
}

interface Announced {
  readonly file: { readonly id: string };
  readonly upload: { readonly url: string };
}

/** A file of `mine` goes into the platform's own storage and comes back, and is not there for `theirs`. */
export async function keepsFiles(scene: Scene, mine: string, theirs: string): Promise<void> {
  const content = randomBytes(8).toString('hex');
  const announced = await ask(scene, '/storage/files', {
    token: mine,
    body: { name: 'letter.txt', mimeType: 'text/plain', size: content.length },
  });
  expect(announced.status, announced.text).toBe(201);
  const { file, upload } = announced.json() as Announced;
  const { pathname, search } = new URL(upload.url);
  const headers = { 'content-type': 'text/plain' };
  const put = await ask(scene, pathname + search, { method: 'PUT', body: content, headers });
  expect(put.status, put.text).toBe(200);
  const read = (token?: string): Promise<Answer> =>
    ask(scene, `/storage/files/${file.id}/content`, { token });
  expect((await read(mine)).text).toBe(content);
  expect([(await read(theirs)).status, (await read()).status]).toEqual([404, 401]);
}
