import type { CustomServiceInput } from '../components/settings/custom';
import { poisonedKeys } from '../components/settings/names';
import type { EnvFile } from './env-file';
import { looksSecret, secretNameFor } from './secret-looking';

/** A variable that becomes a secret: its value is nowhere here. */
interface ImportedSecret {
  readonly service: string;
  readonly variable: string;
  /** In `strata:secrets`. */
  readonly name: string;
}

/** Custom services as nself's variables CS_1, CS_1_PORT … describe them, in Strata's words. */
export interface Imported {
  readonly services: Readonly<Record<string, CustomServiceInput>>;
  readonly secrets: readonly ImportedSecret[];
  /** What has no counterpart or cannot be read: key → reason. */
  readonly left: Readonly<Record<string, string>>;
}

type Values = ReadonlyMap<string, string>;

/** What Strata has no counterpart for, and what to use in its place. */
const without: Readonly<Record<string, string>> = {
  BUILD_TARGET: 'a build has no target here: make the stage wanted the last one of the Dockerfile',
  COMMAND: 'write it as a list of words: command: [program, argument]',
  ENV_FILE: 'put what is no secret into env, and name the secrets one by one',
  NETWORKS: 'all services share one network, and only the gateway is reached from outside',
  PORTS: 'one port of the host can be named: publish',
  REDIS_PREFIX: 'pass it to the program by env',
  TABLE_PREFIX: 'pass it to the program by env; tables stand in app/sql',
  VOLUMES: 'services keep their data in the database and the object store',
};

const known = [
  ...['NAME', 'TEMPLATE', 'FRAMEWORK', 'PORT', 'ROUTE', 'PUBLIC', 'MEMORY', 'CPU', 'REPLICAS'],
  ...['HEALTHCHECK', 'ENV', 'ENV_PASSTHROUGH', 'IMAGE', 'PATH', 'DOCKERFILE', 'DEPENDS_ON'],
];

/** Under which name nself's own services are needed here. */
const renamed: Readonly<Record<string, string>> = {
  postgres: 'database',
  minio: 'object-store',
  nginx: 'gateway',
};

/**
 * Translates the variables `CS_<n>` and `CS_<n>_<member>` of nself's custom services (its docs "Config, Custom Services"
 * and "Custom Services (CS_N)", read 2026-11-21). Whether the outcome is allowed is for the settings' check to say.
 */
export function importCustomServices({ values, repeated }: EnvFile): Imported {
  const services = new Map<string, CustomServiceInput>();
  const secrets: ImportedSecret[] = [];
  const left = new Map<string, string>();
  const slots = new Set<string>();
  for (const key of values.keys()) {
    if (!key.startsWith('CS_')) continue;
    const [, slot, member] = /^CS_([1-9]\d{0,2})(?:_(\w+))?$/.exec(key) ?? [];
    if (slot !== undefined) slots.add(slot);
    if (repeated.includes(key)) left.set(key, 'stands there more than once; the last one counts');
    if (member !== undefined && known.includes(member)) continue;
    if (slot === undefined || (member !== undefined && without[member] === undefined)) {
      left.set(key, 'is no variable of a custom service');
    } else if (member !== undefined) left.set(key, without[member] ?? '');
  }
  for (const slot of [...slots].sort((a, b) => Number(a) - Number(b))) {
    const one = new Slot(slot, values, left);
    if (one.name === '') {
      left.set(`CS_${slot}`, 'names no service: CS_1=name:template:port[:route] was expected');
    } else if (services.has(one.name)) {
      left.set(`CS_${slot}`, `names ${one.name}, which another one names too`);
    } else {
      services.set(one.name, one.service(secrets));
    }
  }
  return {
    services: Object.fromEntries(services),
    secrets,
    left: Object.fromEntries(left),
  };
}

/** One of CS_1, CS_2 …: what is written in one word, and the members that override it. */
class Slot {
  readonly name: string;
  private readonly parts: readonly string[];

  constructor(
    private readonly number: string,
    private readonly values: Values,
    private readonly left: Map<string, string>,
  ) {
    this.parts = (values.get(`CS_${number}`) ?? '').split(':');
    // Ours are host names, where "_" cannot stand.
    this.name = this.rawName().replaceAll('_', '-');
  }

  service(secrets: ImportedSecret[]): CustomServiceInput {
    const port = Number(this.member('PORT') ?? this.part(2) ?? 8000 + Number(this.number));
    const env = this.environment(secrets);
    const own = secrets.filter(({ service }) => service === this.name);
    const needs = this.needs();
    const resources = this.resources();
    const route = this.route();
    const replicas = this.member('REPLICAS');
    return {
      ...this.origin(),
      port,
      ...(route && { route }),
      ...this.health(),
      ...(replicas !== undefined && { replicas: Number(replicas) }),
      ...(Object.keys(resources).length > 0 && { resources }),
      ...(env.size > 0 && { env: Object.fromEntries(env) }),
      ...(own.length > 0 && {
        secrets: Object.fromEntries(own.map(({ variable, name }) => [variable, name])),
      }),
      ...(needs.length > 0 && { needs }),
    };
  }

  private rawName(): string {
    return this.member('NAME') ?? this.part(0) ?? '';
  }

  /** A member's value; one that is empty counts as not there. */
  private member(name: string): string | undefined {
    return filled(this.values.get(`CS_${this.number}_${name}`));
  }

  /** One of the words between the colons. */
  private part(index: number): string | undefined {
    return filled(this.parts[index]);
  }

  private leave(member: string, reason: string): void {
    this.left.set(`CS_${this.number}_${member}`, reason);
  }

  private origin(): Pick<CustomServiceInput, 'image' | 'build'> {
    const image = this.member('IMAGE');
    if (image !== undefined) return { image };
    const dockerfile = this.member('DOCKERFILE');
    const context = this.member('PATH') ?? `./services/${this.rawName()}`;
    return { build: { context, ...(dockerfile !== undefined && { dockerfile }) } };
  }

  /** nself gives a route to nobody in particular, so it is public here too. */
  private route(): CustomServiceInput['route'] {
    const subdomain = this.member('ROUTE') ?? this.part(3);
    const isPublic = this.member('PUBLIC')?.toLowerCase();
    if (subdomain === undefined) {
      if (isPublic === 'true') this.leave('PUBLIC', 'is true, but there is no route');
      return undefined;
    }
    if (isPublic === 'false' || isPublic === '0') return undefined;
    if (subdomain.includes('.')) {
      this.leave('ROUTE', 'is more than one label; here a service is at <label>.<domain>');
      return undefined;
    }
    return { subdomain, access: 'public' };
  }

  private health(): Pick<CustomServiceInput, 'health' | 'healthCommand'> {
    const given = this.member('HEALTHCHECK') ?? '/health';
    if (/^(disabled|none|false)$/i.test(given)) return {};
    const [, kind, words] = /^(CMD|CMD-SHELL)\s+(.+)$/.exec(given) ?? [];
    if (kind === 'CMD') return { healthCommand: (words ?? '').split(/\s+/) };
    if (kind === 'CMD-SHELL') return { healthCommand: ['sh', '-c', words ?? ''] };
    return { health: given };
  }

  private resources(): NonNullable<CustomServiceInput['resources']> {
    const cpus = this.member('CPU');
    const memory = this.member('MEMORY')?.toUpperCase().replace(/B$/, '');
    return {
      ...(cpus !== undefined && { cpus: Number(cpus) }),
      ...(memory !== undefined && { memory }),
    };
  }

  private needs(): string[] {
    const given = this.member('DEPENDS_ON')?.split(',') ?? [];
    const names = given
      .map((name) => name.trim().replaceAll('_', '-'))
      .filter((name) => name !== '');
    // The database comes first for every service.
    return names.map((name) => renamed[name] ?? name).filter((name) => name !== 'database');
  }

  /** What may stand in the stack's file; what looks like a secret goes to `secrets` without its value. */
  private environment(secrets: ImportedSecret[]): Map<string, string> {
    const env = new Map<string, string>();
    const passed = (this.member('ENV_PASSTHROUGH') ?? '').split(',').map((name) => name.trim());
    const given = new Map(
      passed.flatMap((name): [string, string][] => {
        const value = this.values.get(name);
        if (name !== '' && value === undefined)
          this.leave('ENV_PASSTHROUGH', `names ${name}, which is not there`);
        return value === undefined ? [] : [[name, value]];
      }),
    );
    for (const pair of (this.member('ENV') ?? '').split(/,(?=[A-Za-z_]\w*=)/)) {
      const at = pair.indexOf('=');
      if (at > 0) given.set(pair.slice(0, at).trim(), pair.slice(at + 1));
      else if (pair !== '') this.leave('ENV', 'holds something that is not NAME=value');
    }
    for (const [variable, value] of given) {
      if (poisonedKeys.includes(variable)) this.leave('ENV', 'holds a name that cannot be used');
      else if (looksSecret(variable, value)) {
        secrets.push({ service: this.name, variable, name: secretNameFor(this.name, variable) });
      } else env.set(variable, value);
    }
    return env;
  }
}

function filled(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}
