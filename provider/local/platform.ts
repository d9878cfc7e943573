import type { Problem } from '../host/resource';

/** What keeps processes from running on this machine at all. */
export function platformProblems(property: string): Problem[] {
  if (process.platform !== 'win32') return [];
  const reason =
    'target embedded runs on Linux and macOS, and this is Windows: run it in WSL, or choose another strata:target';
  return [{ property, reason }];
}
