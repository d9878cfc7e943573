import { UserError } from '../../engine/errors';
import type { Service } from './service';

/**
 * The services with each behind those that it needs; the database is there before all of them.
 * Throws an error that names the services when they need each other, or one that is not there.
 */
export function inOrder(services: readonly Service[]): Service[] {
  const result: Service[] = [];
  const done = new Set(['database']);
  let rest = [...services];
  while (rest.length) {
    const ready = rest.filter(({ needs }) => needs.every((need) => done.has(need)));
    if (!ready.length) {
      const stuck = rest.map(({ name, needs }) => `${name} needs ${needs.join(', ')}`);
      throw new UserError(
        `These services wait for each other or for one that is missing: ${stuck.join('; ')}`,
      );
    }
    for (const service of ready) done.add(service.name);
    result.push(...ready);
    rest = rest.filter((service) => !ready.includes(service));
  }
  return result;
}
