import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { UserError } from '../../engine/errors';
import { root } from '../../engine/root';
import type { TenancyDeclaration } from './declaration';

interface Loader {
  load(entry: string): unknown;
}

/**
 * The declaration that the application's `tenancy.ts` exports by default, as it is in the file right now.
 * Throws one sentence when there is none.
 */
export function readDeclaration(app: string): TenancyDeclaration {
  const file = path.join(app, 'tenancy.ts');
  if (!existsSync(file)) {
    throw new UserError(
      `${file} is missing: it declares which tables belong to tenants (strata:app names its folder)`,
    );
  }
  const loader = createRequire(path.join(root, 'engine', 'load.cjs'))('./load.cjs') as Loader;
  const exported = loader.load(path.relative(root, file)) as { default?: TenancyDeclaration };
  if (!exported.default) {
    throw new UserError(
      `${file} exports nothing by default: write "export default declareTenancy({ … })"`,
    );
  }
  return exported.default;
}
