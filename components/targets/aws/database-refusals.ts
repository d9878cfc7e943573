import { isOn } from '../../services/presets';
import { database as databaseSettings } from '../../settings/database';
import { hasManagedDatabase } from '../../settings/aws-database';
import type { Problem } from '../../settings/errors';
import { managedDatabase } from '../../settings/rds';
import type { Settings } from '../../settings/schema';
import { showKey, showText } from '../../settings/show';
import { mebibytes } from '../../settings/sizes';
import { databaseAuthorities } from './database-authorities';

/** What RDS makes no volume without, in GB. */
const leastStorage = 20;

/** What the system and RDS's own programs want of an instance's memory, in MiB. */
const system = 1024;

/** What does not go with a database that Amazon RDS runs, or would be asked for in vain. */
export function databaseRefusals(settings: Settings): Problem[] {
  if (settings.aws.database === 'vm') return [];
  return [
    ...unknownAuthority(settings),
    ...sizes(settings),
    // As long as it is only being filled, the one on a server is used.
    ...(hasManagedDatabase(settings) ? [...unverified(settings), ...inVain(settings)] : []),
  ];
}

/** Nobody would know the database's certificate. */
function unknownAuthority({ aws: { region } }: Settings): Problem[] {
  if (databaseAuthorities(region) !== '') return [];
  return [
    {
      key: showKey(['aws', 'region']),
      reason: 'is a region whose authorities of RDS are not known here, so nobody could trust it',
      received: showText(region),
      advice: `Choose another region, or "${showKey(['aws', 'database'])}: vm".`,
    },
  ];
}

function sizes(settings: Settings): Problem[] {
  const { instanceClass, memory, storage, storageLimit } = managedDatabase(settings);
  const wanted = mebibytes(settings.database.memory);
  // AWS asks for a tenth more at least.
  const least = Math.ceil(storage * 1.1);
  return [
    ...(storage < leastStorage
      ? [
          {
            key: showKey(['aws', 'volumes', 'database']),
            reason: 'is less than RDS makes a volume of',
            received: String(storage),
            allowed: `at least ${String(leastStorage)}`,
          },
        ]
      : []),
    ...(storageLimit < least
      ? [
          {
            key: showKey(['aws', 'rds', 'storageLimit']),
            reason: 'leaves the volume no room to grow',
            received: String(storageLimit),
            allowed: `at least ${String(least)}`,
          },
        ]
      : []),
    ...(wanted > memory - system
      ? [
          {
            key: showKey(['database', 'memory']),
            reason: `is more than an instance of RDS has for Postgres: ${instanceClass} has ${String(memory - system)}M`,
            received: showText(settings.database.memory),
            advice: `Choose a larger class, "${showKey(['aws', 'rds', 'instanceClass'])}", or less memory.`,
          },
        ]
      : []),
  ];
}

/** They take a connection without looking whose it is, which is for a network of containers. */
function unverified(settings: Settings): Problem[] {
  return (['meta', 'studio'] as const)
    .filter((name) => isOn(name, settings))
    .map((name) => ({
      key: showKey(['services', name]),
      reason: 'cannot be had with RDS: it would not look at the certificate of the database',
      advice: `Set "${showKey(['services', name, 'enabled'])}: false".`,
    }));
}

/** What our own server does and RDS has done by its own rules. */
function inVain({ database, images, services }: Settings): Problem[] {
  const usual = databaseSettings.parse({}).backup;
  const days = `RDS backs up each day and keeps as long as "${showKey(['aws', 'rds', 'backupDays'])}" says.`;
  return [
    ...(['fullOn', 'keepFull'] as const)
      .filter((name) => database.backup[name] !== usual[name])
      .map((name) => ({
        key: showKey(['database', 'backup', name]),
        reason: 'says nothing to RDS',
        received: showText(String(database.backup[name])),
        advice: `Take it out. ${days}`,
      })),
    ...(services.backup?.enabled === true
      ? [
          {
            key: showKey(['services', 'backup', 'enabled']),
            reason: 'asks for backups by a server of the platform, which RDS lets nobody make',
            advice: `Take it out. ${days}`,
          },
        ]
      : []),
    ...(images.override.postgres === undefined
      ? []
      : [
          {
            key: showKey(['images', 'override', 'postgres']),
            reason: 'names an image of Postgres, and RDS runs its own',
            received: showText(images.override.postgres),
            advice: 'Take it out.',
          },
        ]),
  ];
}
