import { UserError } from '../../engine/errors';
import { withClient } from '../database/connect';
import { databaseAt } from '../tenancy/clusters';
import { maintenanceDatabase } from './ends';
import { limitsBefore, readJournal } from './journal';

/**
 * Throws unless a deployment may work on the server: the platform never begins anew, empty, where its rows are to come by
 * a move (`moved`), and never goes on where they have left. `admin` is its admin's URL; secret. Changes nothing.
 */
export async function requireServer(admin: string, moved: boolean): Promise<void> {
  const shut = await withClient(databaseAt(admin, maintenanceDatabase), limitsBefore);
  if (shut) {
    throw new UserError(
      'This database server is shut: what is on it moves to another, or has moved. Nothing was done. Once it has, deploy on ' +
        'that one (on target aws "strata:aws.databaseMove: moved"); before, "npm run move-database -- undo --stack …" opens this again.',
    );
  }
  if (!moved) return;
  const journal = await readJournal({ target: admin });
  if (journal?.state === 'moved') return;
  throw new UserError(
    `${journal ? 'The move to this database server is not over' : 'Nothing has been moved to this database server'}: the ` +
      'platform would begin with an empty database. Nothing was done. Deploy with "strata:aws.databaseMove: copying", ' +
      'which goes on as before; then "npm run move-database -- run --stack …", and only then "moved".',
  );
}
