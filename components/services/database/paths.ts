/** Where the volume is mounted; the images from 18 on declare it there, older ones below it. */
const home = '/var/lib/postgresql';

/**
 * Places on the database's volume.
 *
 * The data directory's name has no version in it: an image of another major finds the old directory and refuses it,
 * instead of making an empty one beside it.
 */
export const databasePaths = {
  home,
  data: `${home}/cluster`,
  /** A second socket, on the volume, so that the backup beside the server reaches it without a password. */
  sockets: `${home}/run`,
  /** Backups, only where there is no object store. */
  repository: `${home}/backup`,
} as const;

/** The uid and gid of `postgres` in the Debian images of Postgres, ours and upstream's. */
export const postgresUser = '999:999';
