import { once } from 'node:events';
import { WebSocket } from 'ws';
import { Mailbox } from './channel';
import { anon } from './world';

type Frame = [
  joinRef: string | null,
  ref: string | null,
  topic: string,
  event: string,
  payload: unknown,
];

/** A client of version 2.0.0 that sends what it likes, and hears all that it gets. */
export class RawSocket {
  readonly heard = new Mailbox<Frame>();
  /** Code and text of the end. */
  readonly ended: Promise<string>;

  private constructor(readonly raw: WebSocket) {
    raw.on('error', () => undefined);
    raw.on('message', (data, binary) => {
      if (!binary) this.heard.put(JSON.parse((data as Buffer).toString()) as Frame);
    });
    this.ended = new Promise((resolve) => {
      raw.once('close', (code, reason) => resolve(`${String(code)} ${reason.toString()}`.trim()));
    });
  }

  /** Rejects with what an upgrade was answered by. */
  static async open(port: number, query = `?apikey=${anon}&vsn=2.0.0`): Promise<RawSocket> {
    const raw = new WebSocket(`ws://127.0.0.1:${String(port)}/realtime/websocket${query}`);
    const socket = new RawSocket(raw);
    await once(raw, 'open');
    return socket;
  }

  /** Joins with a token; answers with the status and the code of a refusal. */
  async join(topic: string, token: string | undefined, config: object = {}): Promise<string> {
    return this.ask(['1', '1', topic, 'phx_join', { config, access_token: token }]);
  }

  /** Sends a frame; answers with the status of the reply, and its code when it is refused. */
  async ask(frame: Frame): Promise<string> {
    this.raw.send(JSON.stringify(frame));
    for (;;) {
      const [, ref, , event, payload] = await this.heard.next();
      if (event !== 'phx_reply' || ref !== frame[1]) continue;
      const { status, response } = payload as { status: string; response: { code?: string } };
      return response.code ?? status;
    }
  }

  close(): void {
    this.raw.terminate();
  }
}
