type Fields = Readonly<Record<string, unknown>>;

/** Writes one JSON line with the time. */
export function writeLine(fields: Fields, to: NodeJS.WritableStream = process.stdout): void {
  to.write(`${JSON.stringify({ time: new Date().toISOString(), ...fields })}\n`);
}

/** The same, of a level and a sentence. */
export function log(level: 'info' | 'warn' | 'error', message: string, fields: Fields = {}): void {
  writeLine({ level, message, ...fields });
}
