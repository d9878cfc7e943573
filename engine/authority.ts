import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder, shortName } from '../provider/local/folders';
import { root } from './root';

/**
 * Writes the certificate by which clients know a stack's gateway to where examples and people find it; gives back the
 * path relative to the project, and nothing where there is no such certificate.
 */
export function keepAuthority(stack: string, certificate: string): string | undefined {
  if (certificate === '') return undefined;
  const file = path.join('.strata', 'stacks', shortName(stack), 'authority.pem');
  makeFolder(path.dirname(path.join(root, file)));
  writeFileSync(path.join(root, file), certificate);
  return file;
}
