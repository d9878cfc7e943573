import { UserError } from '../../../../engine/errors';
import type { SecretSource, Service } from '../../../services/service';
import { runFiles } from '../../compose/run-files';

/** What Secrets Manager takes in one secret. */
const limitBytes = 65_536;

/** Under which name a server finds the value of a source, such as `certificate:gateway part:key`. */
export function valueName(source: SecretSource): string {
  return Object.entries(source)
    .map((member) => member.join(':'))
    .sort()
    .join(' ');
}

/** What the files of services are filled with, each once, by its name. */
export function sourcesOf(services: readonly Service[]): Readonly<Record<string, SecretSource>> {
  const pieces = services.flatMap((service) => Object.values(runFiles(service)).flat());
  const sources = pieces.filter((piece) => typeof piece !== 'string');
  const named = sources.map((source) => [valueName(source), source] as const);
  return Object.fromEntries(named.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The text of a group's secret. Throws an error when Secrets Manager would not take it. */
export function secretText(group: string, values: Readonly<Record<string, string>>): string {
  const text = JSON.stringify(values);
  const size = Buffer.byteLength(text);
  if (size <= limitBytes) return text;
  const [largest = ''] = Object.keys(values).sort(
    (one, other) => (values[other]?.length ?? 0) - (values[one]?.length ?? 0),
  );
  throw new UserError(
    `The secrets of the services on group "${group}" take ${size} bytes together; Secrets Manager takes ${limitBytes}. ` +
      `The largest is "${largest}": give less in strata:secrets, or fewer services.`,
  );
}
