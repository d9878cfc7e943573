import { once } from 'node:events';
import { connect } from 'node:net';

interface Mail {
  readonly host: string;
  readonly port: number;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Sends one mail by SMTP, without TLS and login; an answer that is no consent is an error. */
export async function send({ host, port, from, to, subject, text }: Mail): Promise<void> {
  const socket = connect(port, host);
  const lines = [
    undefined,
    'EHLO stand-in',
    `MAIL FROM:<${from}>`,
    `RCPT TO:<${to}>`,
    'DATA',
    [`From: ${from}`, `To: ${to}`, `Subject: ${subject}`, '', text, '.'].join('\r\n'),
    'QUIT',
  ];
  for (const line of lines) {
    if (line !== undefined) socket.write(`${line}\r\n`);
    const [said] = (await once(socket, 'data')) as [Buffer];
    if (!/^[23]/.test(said.toString())) throw new Error(`the mail server says ${said.toString()}`);
  }
  socket.end();
}
