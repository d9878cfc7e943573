import { Command } from 'commander';
import { vi } from 'vitest';

/** What a command printed, and what it threw. */
export interface Outcome {
  readonly stdout: string;
  readonly error: string | undefined;
}

/** Runs one of the npm commands in this process. */
export async function runCommand(command: Command, ...args: string[]): Promise<Outcome> {
  const written: string[] = [];
  const write = (chunk: string | Uint8Array): boolean => {
    written.push(String(chunk));
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(write),
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
  ];
  const program = new Command().addCommand(command.exitOverride());
  try {
    await program.parseAsync([command.name(), ...args], { from: 'user' });
    return { stdout: written.join(''), error: undefined };
  } catch (error) {
    return { stdout: written.join(''), error: (error as Error).message };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
