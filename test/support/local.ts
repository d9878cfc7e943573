import { chmodSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Context } from '../../provider/host/resource';

/**
 * Makes an empty project folder and makes it the root of what is imported from then on: to be called before
 * anything of the provider is imported.
 */
export function temporaryProject(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-local-'));
  // Otherwise root's volumes would stand elsewhere: Postgres runs as another user then.
  chmodSync(folder, 0o711);
  symlinkSync(path.resolve('node_modules'), path.join(folder, 'node_modules'));
  process.env.STRATA_ROOT = folder;
  return folder;
}

export function removeProject(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** What a resource's functions are given, without an engine. */
export function contextFor(name: string, lines: string[] = []): Context {
  return {
    urn: `urn:pulumi:test::strata::strata:index:Platform$strata:local:Thing::${name}`,
    stack: 'test',
    name,
    signal: new AbortController().signal,
    progress: (text) => lines.push(text),
    warn: (text) => lines.push(text),
  };
}

/** Something that listens on a port of its own until it is closed. */
export async function occupiedPort(): Promise<{ port: number; close: () => void }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
