import { secretFile } from '../services/paths';
import { authorityName } from './files';
import type { Address } from './target';

/** Who connects from a container knows the server by the certificate of the platform's authority. */
const verified = { sslmode: 'verify-full', sslrootcert: secretFile(authorityName) };

/** Where containers find the database server itself. */
export const inside: Address = { host: 'database', port: 5432, parameters: verified };

/** Where they find the pooler in front of it. */
export const pooled: Address = { host: 'pooler', port: 6432, parameters: verified };

/** The host's own address: what is published there, nobody on another machine reaches. */
export const loopback = '127.0.0.1';
