import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mailpit } from '../../components/services/mailpit';
import { settingsSchema } from '../../components/settings/schema';
import { operatorLogin } from '../support/admin/process';
import { ask } from '../support/gateway/client';
import { startNames, type Names } from '../support/gateway/names';
import { noNginx, startNginx, type Running } from '../support/gateway/nginx';
import { gatewayInput, service } from '../support/gateway/platform';
import { noMailpit, startMailpit, type Mailpit } from '../support/mailpit';
import { namesIn, recorded } from '../support/monitoring/recorded';

const missing = noMailpit ?? noNginx;
const title = 'the real Mailpit behind the real gateway';

const workload = mailpit({
  ...settingsSchema.parse({}),
  domain: 'example.org',
});

describe.skipIf(missing !== undefined)(missing ? `${title} (skipped: ${missing})` : title, () => {
  let mail: Mailpit;
  let names: Names;
  let gateway: Running;

  beforeAll(async () => {
    mail = await startMailpit(workload);
    names = await startNames({ mailhog: ['127.0.0.1'] });
    gateway = await startNginx(
      gatewayInput({ operators: ['127.0.0.1'] }),
      [service('mailhog', mail.http, workload.routes)],
      { resolver: names.address },
    );
  });

  afterAll(async () => {
    await gateway.stop();
    names.close();
    await mail.stop();
  });

  const at = (path: string, headers: Record<string, string> = { authorization: operatorLogin }) =>
    ask(gateway, path, { host: 'example.org', headers });

  test('takes mail from whoever logs in as anybody, without TLS, and shows it to operators', async () => {
    await send(mail.smtp, 'Welcome, Ann');
    const { status, body } = await at('/mail/api/v1/messages');
    const { messages } = JSON.parse(body) as { messages: { Subject: string; ID: string }[] };
    expect([status, messages.map(({ Subject }) => Subject)]).toEqual([200, ['Welcome, Ann']]);
    const page = await at('/mail/');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const text = await at(`/mail/view/${messages[0]?.ID ?? ''}.txt`);
    expect(text.body).toContain('Follow this link');
  });

  test('gives Prometheus the figures that panels ask for, and no mail', async () => {
    await send(mail.smtp, 'A secret of Ann');
    const metrics = workload.metrics;
    const path = metrics && 'path' in metrics ? metrics.path : '';
    const text = await (await fetch(`http://127.0.0.1:${String(mail.figures)}${path}`)).text();
    expect(namesIn(text)).toEqual(expect.arrayContaining(recorded('mailpit')));
    expect(text).not.toContain('Ann');
    const pages = await fetch(`http://127.0.0.1:${String(mail.figures)}/mail/api/v1/messages`);
    expect(pages.status).toBe(404);
  });

  test('lets a page of the platform delete, and one of another origin not even read', async () => {
    const from = (origin: string) =>
      ask(gateway, '/mail/api/v1/messages', {
        host: 'example.org',
        headers: { authorization: operatorLogin, origin },
      });
    expect((await from('https://example.org')).status).toBe(200);
    expect((await from('https://evil.example')).status).toBe(403);
  });

  test('shows nothing without the login, at the gateway and past it', async () => {
    expect((await at('/mail/', {})).status).toBe(401);
    for (const path of [
      '/mail/',
      '/mail/api/v1/messages',
      '/mail/view/latest',
      '/mail/api/events',
    ]) {
      const past = await fetch(`http://127.0.0.1:${String(mail.http)}${path}`, {
        redirect: 'manual',
      });
      expect([path, past.status]).toEqual([path, 401]);
      expect(await past.text()).not.toContain('Welcome');
    }
  });

  test('says how it is at its health path, without a login', async () => {
    const { status } = await fetch(`http://127.0.0.1:${String(mail.http)}${workload.health ?? ''}`);
    expect([workload.health, status]).toEqual(['/mail/readyz', 200]);
  });
});

/** A message by SMTP, with a login in plain text as a client without TLS sends it. */
async function send(port: number, subject: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const login = Buffer.from('\0anybody\0anything').toString('base64');
  for (const line of [
    undefined,
    'EHLO test',
    `AUTH PLAIN ${login}`,
    'MAIL FROM:<auth@example.org>',
    'RCPT TO:<ann@example.org>',
    'DATA',
    `Subject: ${subject}\r\n\r\nFollow this link: https://example.org/verify\r\n.`,
    'QUIT',
  ]) {
    if (line !== undefined) socket.write(`${line}\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (!/^[23]/.test(answer.toString()))
      throw new Error(`refused: ${line ?? ''}: ${answer.toString()}`);
  }
  socket.destroy();
}
