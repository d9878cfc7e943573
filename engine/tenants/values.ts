import { InvalidArgumentError, Option, type Command } from 'commander';
import { bytesOf } from '../../components/settings/sizes';
import { models } from '../../components/tenancy/places';
import { limitRules, type Limits } from '../../provider/tenancy/wanted';

/** For a command about one tenant. */
export const tenantArgument = ['<tenant>', 'its slug or id'] as const;

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
    .addOption(
      limit(
        'maxConnections',
        '--connections <number>',
        'at the same time, with a database of its own',
      ),
    )
    .addOption(
      limit('statementTimeoutMs', '--statement-timeout <ms>', 'how long a statement may take'),
    )
    .addOption(
      limit('storageBytes', '--storage <size>', 'what its files may take, such as 500M or 20G'),
    )
    .addOption(
      limit(
        'requestsPerMinute',
        '--requests-per-minute <number>',
        'of all its users and API keys together',
      ),
    )
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

function limit(name: keyof Limits, flags: string, description: string): Option {
  const size = name === 'storageBytes';
  return new Option(flags, description).argParser((text) => {
    if (text === usual) return usual;
    const given = size && /^[1-9]\d{0,9}[MG]$/.test(text) ? bytesOf(text) : numberFrom(text);
    // The registry's rules say which numbers: with everything else that is wrong.
    if (Number.isSafeInteger(given)) return given;
    const { least, most } = limitRules[name];
    const allowed = size
      ? `bytes, or a size such as 500M or 20G, ${String(most / 2 ** 30)}G at most`
      : `a whole number from ${String(least)} to ${String(most)}`;
    throw new InvalidArgumentError(`Allowed: ${allowed}; or ${usual}.`);
  });
}

/** NaN for what is no whole number. */
function numberFrom(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : NaN;
}
