import { UserError } from '../../engine/errors';
import type { Context } from '../host/resource';

/** Recorded data that is not where it was: whoever knows where it is has to say so, before an empty one is made. */
export function missingData(what: string, { stack, urn }: Context): UserError {
  return new UserError(
    `${what} is not here: put it back, or, if its data is really gone, forget it and all that was made in it with\n` +
      `  npm run pulumi -- state delete '${urn}' --force --target-dependents --yes --stack ${stack}\n` +
      'and deploy again, which makes an empty one',
  );
}
