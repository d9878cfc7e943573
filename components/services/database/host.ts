import { hasManagedDatabase } from '../../settings/aws-database';
import type { Settings } from '../../settings/schema';
import { inside } from '../../targets/addresses';
import type { FileContent, SecretSource } from '../service';

/*
 * The database's host has a name of ours where the platform runs it, and so stands in descriptions as it is. Where AWS
 * runs it, AWS names the host when it makes it: there its name is a value like any other.
 */

type Given = Pick<Settings, 'target' | 'aws'>;
type Secrets = Readonly<Record<string, SecretSource>>;

const managed = {
  text: '{{DATABASE_HOST}}',
  secrets: { DATABASE_HOST: { databaseHost: true } },
} as const;

/** A file with the database's host in it, and `secrets` besides. */
export function fileAt(
  settings: Given,
  render: (host: string) => string,
  secrets: Secrets = {},
): FileContent {
  if (hasManagedDatabase(settings)) {
    return { template: render(managed.text), secrets: { ...managed.secrets, ...secrets } };
  }
  const text = render(inside.host);
  return Object.keys(secrets).length > 0 ? { template: text, secrets } : text;
}
