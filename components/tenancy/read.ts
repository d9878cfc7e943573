import { existsSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../engine/errors';
import { load } from '../../engine/loader';
import { root } from '../../engine/root';
import type { TenancyDeclaration } from './declaration';

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
  const exported = run(file);
  if (!exported.default) {
    throw new UserError(
      `${file} exports nothing by default: write "export default declareTenancy({ … })"`,
    );
  }
  return exported.default;
}

/** The file is the user's program: whatever it throws is told with its name, not with our stack. */
function run(file: string): { default?: TenancyDeclaration } {
  try {
    return load(path.relative(root, file)) as { default?: TenancyDeclaration };
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`);
  }
}
