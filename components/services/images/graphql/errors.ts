import { randomUUID } from 'node:crypto';
import { isSafeError } from 'postgraphile/grafast';
import { GraphQLError, type ValidationRule } from 'postgraphile/graphql';
import { Refusal } from '../shared/refusal';
import { retryable } from '../shared/tenant-database/again';
import { describeError, log } from './log';

/** Postgres: a statement that writes, in a transaction that may only read. */
const readOnlyTransaction = '25006';

/**
 * What a caller learns of an error that came up while its query ran. What the query itself has wrong is said, and that it
 * may be sent again; of anything else an id, which stands in the log beside what may be known there.
 */
export function maskError(error: GraphQLError): GraphQLError {
  const cause = causeOf(error);
  if (cause === undefined) return error;
  if (isSafeError(cause)) {
    return like(error, cause.message, (cause as { extensions?: Said }).extensions);
  }
  const refusal = cause instanceof Refusal ? cause : retryable(cause);
  if (refusal) return like(error, refusal.message, { code: refusal.code });
  if ((cause as { code?: unknown }).code === readOnlyTransaction) {
    return like(error, 'this API key may only read: a mutation needs the scope graphql:write', {
      code: 'scope_missing',
    });
  }
  const id = randomUUID();
  log('error', 'a query failed', { id, ...describeError(cause) });
  return like(error, `something went wrong here: its id in the log is ${id}`, { id });
}

/** Takes "Did you mean …?" out of an error: it names what the caller has not asked for. */
export function withoutSuggestion(error: GraphQLError): GraphQLError {
  const message = error.message.replace(/ ?Did you mean [^]*$/, '');
  return message === error.message ? error : like(error, message, error.extensions);
}

/** The same rule, without suggestions in what it says. */
export function unsuggesting(rule: ValidationRule): ValidationRule {
  return (context) => {
    const silent = Object.create(context) as typeof context;
    silent.reportError = (error) => {
      context.reportError(withoutSuggestion(error));
    };
    return rule(silent);
  };
}

type Said = GraphQLError['extensions'];

/** What is below the errors of GraphQL; undefined when it is an error of GraphQL through and through. */
function causeOf(error: GraphQLError): Error | undefined {
  const { originalError } = error;
  return originalError instanceof GraphQLError
    ? causeOf(originalError)
    : (originalError ?? undefined);
}

/** Another message at the same place. The error itself does not go with it: it would be written out somewhere. */
function like(
  { nodes, source, positions, path }: GraphQLError,
  message: string,
  extensions?: Said,
) {
  return new GraphQLError(message, {
    nodes,
    source,
    positions,
    path,
    extensions: extensions ?? null,
  });
}
