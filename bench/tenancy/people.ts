import { createHash } from 'node:crypto';
import { databaseClaims } from '../../components/services/images/shared/token';
import type { Size } from './tables';
import type { Statement } from './statements';

/** A member of a tenant, by the number of the tenant. */
export interface Person {
  readonly number: number;
  readonly tenant: string;
  readonly user: string;
}

export function person(number: number): Person {
  return { number, tenant: id(`tenant ${number}`), user: id(`user ${number}`) };
}

/** What the services hand to Postgres of a verified token. */
export function claims({ tenant, user }: Person): string {
  return databaseClaims({ tenantId: tenant, userId: user, role: 'tenant_member' });
}

/** Keys of rows of somebody's tenant, any of them. */
export function keys(one: Person, key: Statement['key'], size: Size, count: number): string[] {
  const any = (below: number): number => 1 + Math.floor(Math.random() * below);
  return Array.from({ length: count }, () => {
    if (key === 'user') return one.user;
    return id(`${key} ${one.number} ${any(key === 'folder' ? size.folders : size.items)}`);
  });
}

/** As `md5(text)::uuid` in Postgres. */
function id(text: string): string {
  return createHash('md5')
    .update(text)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
