import { Command, InvalidArgumentError, Option } from 'commander';
import { localStack } from '../backend';

/** Options that commands have in common. */
export interface StackOptions {
  readonly stack: string;
  readonly json?: boolean;
}

/** A command that works on one stack. */
export function stackCommand(name: string, summary: string): Command {
  return new Command(name)
    .summary(summary)
    .description(summary)
    .addOption(new Option('-s, --stack <name>', 'the stack to work on').default(localStack));
}

/** `--json`: one JSON document on stdout, everything else on stderr. */
export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON on stdout, and nothing else there');
}

/** The parser of an option that is a port. */
export function portFrom(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('Allowed: a whole number from 1 to 65535.');
}
