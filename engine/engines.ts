import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { PulumiCommand } from '@pulumi/pulumi/automation';
import type { Backend } from './backend';
import { messageOf, UserError } from './errors';
import { hold, type Hold } from './held';
import { type Lock, readLocks, stateOf } from './locks';
import { end, identify, isAlive, type ProcessId, sessionOf, signal } from './processes';
import { engineEnvironment } from './pulumi/run';
import { shortName } from '../provider/local/folders';
import type { Terminal } from './terminal';

const graceSeconds = 20;
const helperGraceSeconds = 3;

interface Place {
  readonly root: string;
  readonly project: string;
  readonly stack: string;
  readonly backend: Backend;
  readonly command: PulumiCommand;
}

/**
 * Lets one command at a time change a stack, and clears what a killed one left: its engine if that lives on without it,
 * and Pulumi's lock.
 */
export class Engines {
  private readonly holdFile: string;
  private readonly engineFile: string;
  private held: Hold | undefined;
  private engine: ProcessId | undefined;

  constructor(private readonly place: Place) {
    const folder = path.join(place.root, '.strata', 'stacks', shortName(place.stack));
    this.holdFile = path.join(folder, 'command');
    this.engineFile = path.join(folder, 'engine');
  }

  /** Throws `UserError` when a living command or engine changes the stack. */
  async enter(purpose: string, out: Terminal): Promise<void> {
    const held = hold(this.holdFile, purpose);
    if (!('release' in held)) throw busy(this.place.stack, held.purpose, held.pid, held.since);
    this.held = held;
    try {
      await this.endOrphan(out);
      await this.clearLocks(out);
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  /** Notes which engine runs for us, for a successor that finds us gone. */
  started(pid: number): void {
    this.engine = identify(pid);
    // One that has ended already leaves nothing to clear.
    if (this.held && this.engine)
      writeFileSync(this.engineFile, JSON.stringify(this.engine), { mode: 0o600 });
  }

  /** Ends our engine where it stands; its successor clears what it leaves. */
  kill(): void {
    if (this.engine) signal(this.engine, 'SIGKILL');
  }

  /** Ends what an engine that was killed could not end itself. */
  async ended(): Promise<void> {
    if (this.engine) await endHelpers(this.engine);
    this.engine = undefined;
    if (this.held) rmSync(this.engineFile, { force: true });
  }

  leave(): void {
    this.held?.release();
    this.held = undefined;
  }

  private async endOrphan(out: Terminal): Promise<void> {
    const engine = this.readEngine();
    if (engine && isAlive(engine)) {
      out.note(
        `The engine of a command that was killed still runs (pid ${String(engine.pid)}): ending it first.`,
      );
      await end(engine, 'SIGINT', graceSeconds);
    }
    if (engine) await endHelpers(engine);
    rmSync(this.engineFile, { force: true });
  }

  private readEngine(): ProcessId | undefined {
    try {
      return JSON.parse(readFileSync(this.engineFile, 'utf8')) as ProcessId;
    } catch {
      return undefined;
    }
  }

  private async clearLocks(out: Terminal): Promise<void> {
    const { backend, project, stack } = this.place;
    if (backend.folder === undefined) return;
    const locks = readLocks(backend.folder, project, stack);
    if (locks.length === 0) return;
    const living = locks.find((lock) => stateOf(lock) !== 'dead');
    if (living) throw lockedBy(stack, living);
    const pids = locks.map((lock) => String(lock.pid)).join(', ');
    out.note(`Removing the lock of an engine that was killed (pid ${pids}).`);
    await this.cancel();
  }

  private async cancel(): Promise<void> {
    const { backend, command, root, stack } = this.place;
    const args = ['cancel', stack, '--yes', '--non-interactive'];
    const env = engineEnvironment(command.command, backend.env);
    try {
      await promisify(execFile)(command.command, args, { cwd: root, env });
    } catch (error) {
      throw new UserError(
        `The lock of stack "${stack}" cannot be removed: ${messageOf(error)}. ` +
          `What Pulumi says of it itself: npm run pulumi -- cancel ${stack}`,
      );
    }
  }
}

/** Language host and providers would go on with what the engine had asked them for, beside the next one's. */
async function endHelpers(engine: ProcessId): Promise<void> {
  const helpers = sessionOf(engine);
  await Promise.all(helpers.map((helper) => end(helper, 'SIGTERM', helperGraceSeconds)));
}

function lockedBy(stack: string, lock: Lock): UserError {
  if (stateOf(lock) === 'living') return busy(stack, 'a Pulumi command', lock.pid, lock.timestamp);
  return new UserError(
    `Stack "${stack}" is locked by ${lock.username}@${lock.hostname} (pid ${String(lock.pid)}) since ${lock.timestamp}. ` +
      `If that machine does not change it any more: npm run pulumi -- cancel ${stack}`,
  );
}

function busy(stack: string, what: string, pid: number, since: string): UserError {
  return new UserError(
    `Stack "${stack}" is being changed already: ${what} runs (pid ${String(pid)}, since ${since}). ` +
      'Wait until it has ended, then run this again.',
  );
}
