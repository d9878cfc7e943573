import type { VolumeContent } from '../services/service';

/** Something that is kept, and what brings it back when it is lost. */
export interface Kept {
  readonly what: string;
  readonly back: string;
}

/** What each volume holds, and what brings it back: docs/services.md tells it to people. */
export const keptOn: Readonly<Record<VolumeContent, Kept>> = {
  database: { what: 'all databases', back: 'backed up each day, and its log as it is written' },
  queue: {
    what: 'counters, queued jobs, grants of OAuth',
    back: 'in no backup: jobs and grants end with it',
  },
  storage: {
    what: 'the bytes of files, and backups where no other store is named',
    back: 'in no backup: name a store of S3 that keeps versions (`strata:storage.store`)',
  },
  signatures: { what: 'signatures of viruses', back: 'loaded anew by ClamAV' },
  exports: { what: 'exports of tenants', back: 'in no backup: copy them away, or export again' },
  pooler: { what: 'databases and logins of tenants', back: 'written anew from the registry' },
  metrics: { what: 'figures', back: 'in no backup' },
  alerts: { what: 'silences, and what was sent', back: 'in no backup' },
  logs: { what: 'logs', back: 'in no backup' },
  traces: { what: 'traces', back: 'in no backup' },
  certificates: { what: 'certificates of ACME', back: 'ordered anew' },
};
