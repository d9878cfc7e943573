import { createHmac } from 'node:crypto';
import { certificateNames, inSeconds } from '../../components/data/certificates';
import {
  loginRoles,
  platformSecrets,
  redisUsers,
  vendorLogins,
  word,
} from '../../components/data/credentials';
import { names } from '../../components/data/names';
import { databaseText, redisText } from '../../components/data/urls';
import { withJobs } from '../../components/jobs';
import { planOf, publicNames } from '../../components/plan';
import { anonKey } from '../../components/services/anon-key';
import { image } from '../../components/services/images';
import { type LoginRole, type SecretSource, type Service } from '../../components/services/service';
import { vendorRole } from '../../components/services/vendors';
import type { Settings } from '../../components/settings/schema';
import { inside, pooled } from '../../components/targets/addresses';
import { buildContexts } from '../../components/targets/compose/contexts';
import { renderCompose, type BundleFile } from '../../components/targets/compose/render';
import type { Entry } from '../../provider/docker/context';
import type { KeptValues } from './kept';

/** A folder that `docker compose up` runs. */
export interface Bundle {
  readonly files: Readonly<Record<string, BundleFile>>;
  /** What images are built from: service → what its folder holds. */
  readonly contexts: Readonly<Record<string, readonly Entry[]>>;
}

/**
 * The Compose bundle of a stack: what target docker deploys, for people without Pulumi. `secrets` are the values of
 * `strata:secrets`; what is generated comes from `kept` and goes into it.
 */
export async function composeBundle(
  stack: string,
  settings: Settings,
  secrets: Readonly<Record<string, string>>,
  kept: KeptValues,
): Promise<Bundle> {
  const { services, hosts, schemaVersion } = bundled(settings);
  await kept.issue(certificateNames(services, hosts));
  const hasPooler = services.some(({ name }) => name === pooled.host);
  const nodeImage = image(settings, 'node');
  const files = renderCompose({
    stack,
    services,
    schemaVersion,
    nodeImage,
    secret: secretOf(kept, secrets, hasPooler),
    fingerprint: fingerprintWith(kept.password('fingerprint', word)),
  });
  return { files, contexts: buildContexts(services, nodeImage) };
}

/** What runs in a bundle: the plan, and as jobs what Pulumi does itself. `hosts` are the names that people ask for. */
export function bundled(settings: Settings): {
  readonly services: readonly Service[];
  readonly hosts: readonly string[];
  readonly schemaVersion: string;
} {
  const plan = planOf(settings);
  const services = [plan.database, ...withJobs(plan, settings)];
  const hosts = publicNames(settings, plan.services);
  return { services, hosts, schemaVersion: plan.schemaVersion };
}

/** With a key that nobody else has, a weak secret cannot be guessed from its hash. */
function fingerprintWith(key: string): (text: string) => string {
  return (text) => createHmac('sha256', key).update(text).digest('hex').slice(0, 12);
}

/** The same values as `components/data/secrets.ts` gives to resources, as texts. */
function secretOf(
  kept: KeptValues,
  secrets: Readonly<Record<string, string>>,
  hasPooler: boolean,
): (source: SecretSource) => string {
  const login = (role: LoginRole): string => kept.password(names.login(role), loginRoles[role]);
  return (source) => {
    if ('database' in source) {
      const address = hasPooler && !source.direct ? pooled : inside;
      return databaseText(address, source.database, login(source.database));
    }
    if ('vendor' in source) {
      const role = vendorRole(source.vendor);
      const password = kept.password(names.vendor(source.vendor), vendorLogins[source.vendor]);
      return databaseText(inside, role, password, role);
    }
    if ('redis' in source) {
      return redisText(
        source.redis,
        kept.password(names.redis(source.redis), redisUsers[source.redis]),
      );
    }
    if ('platform' in source) {
      return kept.password(names.platformSecret(source.platform), platformSecrets[source.platform]);
    }
    if ('passwordOf' in source) return passwordOf(source.passwordOf, kept);
    if ('certificate' in source) {
      const made = kept.certificate(source.certificate);
      return source.part === 'expires' ? inSeconds(made.expires) : made[source.part];
    }
    if ('anonKey' in source) {
      return anonKey(kept.password(names.platformSecret('jwt-key'), platformSecrets['jwt-key']));
    }
    if ('authority' in source) return kept.certificate('authority').certificate;
    if ('databaseHost' in source) return inside.host;
    if ('cacheHost' in source) throw new Error('the cache is a service of this host');
    if ('bucket' in source) throw new Error('no bucket is made where Compose runs');
    const value = secrets[source.config];
    if (value === undefined) throw new Error(`strata:secrets has no "${source.config}"`);
    return value;
  };
}

function passwordOf(who: string, kept: KeptValues): string {
  if (who === 'database-admin') return kept.password(names.databaseAdmin, word);
  return who in redisUsers
    ? kept.password(names.redis(who), word)
    : kept.password(names.login(who), word);
}
