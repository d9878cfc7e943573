import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Scanner } from '../../components/services/images/storage/scanner';
import { ClamdStandIn } from '../support/clamd';

let clamd: ClamdStandIn;
let lines: string[];

beforeAll(async () => {
  clamd = await ClamdStandIn.start();
});

afterAll(() => clamd.stop());

beforeEach(() => {
  lines = [];
  clamd.got.length = 0;
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
});

const file = { tenant: 't', user: 'u', file: 'f' };

function check(content: Readable, size: number, where = clamd.where): Promise<void> {
  return new Scanner(where).check(content, size, file);
}

const unavailable = { status: 503, code: 'scanner_unavailable' };

describe('the scanner (a stand-in answers for clamd)', () => {
  test('is sent every byte in the order it came', async () => {
    clamd.answer = (socket) => socket.end('stream: OK\0');
    const chunks = [
      Buffer.from('a'),
      Buffer.alloc(0),
      Buffer.alloc(300_000, 'b'),
      Buffer.from('c'),
    ];
    await check(Readable.from(chunks), 300_002);
    expect(clamd.got).toEqual([Buffer.concat(chunks)]);
    await check(Readable.from([]), 0);
  });

  test.each([
    ['stream: Eicar-Signature FOUND\0', { status: 422, code: 'virus_found' }],
    ['stream: OK FOUND\0', { status: 422, code: 'virus_found' }],
    [
      'stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0',
      { status: 422, code: 'scan_incomplete' },
    ],
    ['INSTREAM size limit exceeded. ERROR\0', unavailable],
    ["stream: Can't allocate memory ERROR\0", unavailable],
    ['stream: OK\0stream: OK\0', unavailable],
    ['stream: OK', unavailable],
    ['stream: ok\0', unavailable],
    ['PONG\0', unavailable],
    ['', unavailable],
  ])('that answers %j lets nothing pass', async (answer, refused) => {
    clamd.answer = (socket) => socket.end(answer);
    await expect(check(Readable.from([Buffer.from('abc')]), 3)).rejects.toMatchObject(refused);
  });

  test('that ends the connection, or says nothing at all, lets nothing pass', async () => {
    clamd.answer = (socket) => socket.resetAndDestroy();
    await expect(check(Readable.from([Buffer.from('abc')]), 3)).rejects.toMatchObject(unavailable);
    clamd.answer = () => undefined;
    await expect(check(Readable.from([Buffer.from('abc')]), 3)).rejects.toMatchObject(unavailable);
    expect(lines.join('')).toContain('no answer within 2 s');
  });

  test.each([2, 4])('is never told that 3 bytes are a whole file of %i', async (size) => {
    clamd.answer = (socket) => socket.end('stream: OK\0');
    const content = Readable.from([Buffer.from('abc')]);
    await expect(check(content, size)).rejects.toMatchObject(unavailable);
    expect(clamd.got).toEqual([]);
  });

  test('does not keep the content open that it cannot read', async () => {
    const content = new Readable({ read: () => undefined });
    const nobody = { ...clamd.where, port: 1 };
    await expect(check(content, 3, nobody)).rejects.toMatchObject(unavailable);
    expect(content.destroyed).toBe(true);
    const broken = Readable.from(
      (function* () {
        yield Buffer.from('abc');
        throw new Error('the store has gone');
      })(),
    );
    await expect(check(broken, 3)).rejects.toMatchObject(unavailable);
    expect(clamd.got).toEqual([]);
  });

  test('tells the operators what was found where, and the caller not how', async () => {
    clamd.answer = (socket) => socket.end('stream: Own.Secret-1 FOUND\0');
    const error = await check(Readable.from([Buffer.from('abc')]), 3).catch(
      (reason: unknown) => reason as Error,
    );
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      message: 'a virus was found',
      ...file,
      signature: 'Own.Secret-1',
    });
    expect(error?.message).not.toContain('Own.Secret');
  });
});
