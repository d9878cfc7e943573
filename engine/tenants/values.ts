import { InvalidArgumentError, Option, type Command } from 'commander';
import { bytesOf } from '../../components/settings/sizes';
import { models } from '../../components/tenancy/places';
import type { Limits } from '../../provider/tenancy/wanted';

/** What the platform says of every tenant; no null, which commander does not hand on. */
const usual = 'usual';

type Given = number | typeof usual;

/** Limits as options give them. */
export interface LimitOptions {
  readonly connections?: Given;
  readonly statementTimeout?: Given;
  readonly storage?: Given;
  readonly requestsPerMinute?: Given;
}

/** Adds the limits of a tenant to a command; `usual` is what the platform says of every tenant. */
export function withLimits(command: Command): Command {
  return command
    .addOption(limit('--connections <number>', 'at the same time, with a database of its own'))
    .addOption(limit('--statement-timeout <ms>', 'how long a statement may take'))
    .addOption(
      new Option('--storage <size>', 'what its files may take, such as 500M or 20G').argParser(
        (text) => (text === usual ? usual : sizeFrom(text)),
      ),
    )
    .addOption(limit('--requests-per-minute <number>', 'of all its users and API keys together'))
    .addHelpText('after', '\nA limit may be "usual": what the platform says of every tenant.');
}

/** What options say of limits; what they do not say is not there. */
export function limitsOf(options: LimitOptions): Partial<Limits> {
  const { connections, statementTimeout, storage, requestsPerMinute } = options;
  return {
    ...(connections !== undefined && { maxConnections: meant(connections) }),
    ...(statementTimeout !== undefined && { statementTimeoutMs: meant(statementTimeout) }),
    ...(storage !== undefined && { storageBytes: meant(storage) }),
    ...(requestsPerMinute !== undefined && { requestsPerMinute: meant(requestsPerMinute) }),
  };
}

function meant(given: Given): number | null {
  return given === usual ? null : given;
}

/** `absent` is what holds where the option does not stand. */
export function modelOption(absent: string): Option {
  return new Option('--model <model>', `how its rows are kept apart; default: ${absent}`).choices([
    ...models,
  ]);
}

export function shardOption(): Option {
  return new Option('--shard <name>', 'on which database cluster');
}

/** For an option that may stand again. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

function limit(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) =>
    text === usual ? usual : numberFrom(text),
  );
}

function numberFrom(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`Allowed: a whole number, or ${usual}.`);
}

function sizeFrom(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (/^[1-9]\d{0,5}[MG]$/.test(text)) return bytesOf(text);
  throw new InvalidArgumentError(`Allowed: bytes, a size such as 500M or 20G, or ${usual}.`);
}
