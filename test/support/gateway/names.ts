import { createSocket } from 'node:dgram';

/** A stand-in for the network's DNS server: names and the addresses that they have at this moment. */
export interface Names {
  /** As `resolver` takes it. */
  readonly address: string;
  readonly addresses: Map<string, readonly string[]>;
  close(): void;
}

/** Answers questions for A records from a table; what is not in it does not exist. */
export async function startNames(
  table: Readonly<Record<string, readonly string[]>>,
): Promise<Names> {
  const addresses = new Map(Object.entries(table));
  const socket = createSocket('udp4');
  socket.on('message', (question, { port, address }) => {
    socket.send(answer(question, addresses), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    addresses,
    close: () => socket.close(),
  };
}

const header = 12;

/** RFC 1035: the question again, and each address with a life of one second. */
function answer(question: Buffer, addresses: ReadonlyMap<string, readonly string[]>): Buffer {
  const labels: string[] = [];
  let end = header;
  for (let length = question[end] ?? 0; length > 0; length = question[end] ?? 0) {
    labels.push(question.toString('ascii', end + 1, end + 1 + length));
    end += length + 1;
  }
  const found = addresses.get(labels.join('.').toLowerCase()) ?? [];
  const asked = question.subarray(header, end + 5);
  const top = Buffer.from(question.subarray(0, header));
  top.writeUInt16BE(found.length > 0 ? 0x8180 : 0x8183, 2);
  top.writeUInt16BE(1, 4);
  top.writeUInt16BE(found.length, 6);
  top.writeUInt32BE(0, 8);
  const records = found.map((address) =>
    Buffer.from([0xc0, header, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([top, asked, ...records]);
}
