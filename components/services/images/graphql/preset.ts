import { depthLimit } from '@graphile/depth-limit';
import { PgSimplifyInflectionPreset } from '@graphile/simplify-inflection';
import type { IncomingMessage } from 'node:http';
import type { Pool } from 'pg';
import { makePgAdaptorWithPgClient, makePgService } from 'postgraphile/adaptors/pg';
import type { GraphQLError } from 'postgraphile/graphql';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { jsonPgSmartTags } from 'postgraphile/utils';
import type { SmartTags } from '../../../tenancy/postgraphile';
import { opens } from '../../scopes';
import type { TenantDatabase } from '../shared/tenant-database/places';
import { databaseClaims, type Session } from '../shared/token';
import { maskError, unsuggesting, withoutSuggestion } from './errors';

/** How long a statement, and a whole request, may take. */
export const statementMs = 10_000;

/** Where it is served, by POST and by sockets. */
export const path = '/graphql';

/** The largest request, and the largest message of a socket. */
export const maxRequestBytes = 100_000;

/**
 * One small query that walks back and forth between two tables multiplies their rows at each step: lists within lists
 * and a field within itself end here, before anything is planned.
 */
const limits: GraphileConfig.Plugin = {
  name: 'StrataLimitsPlugin',
  grafserv: {
    middleware: {
      setPreset(next, event) {
        event.validationRules.push(
          depthLimit({
            maxDepth: 10,
            maxListDepth: 3,
            maxSelfReferentialDepth: 1,
            revealDetails: true,
          }),
        );
        return next();
      },
    },
  },
};

/** A schema that does not describe itself does not give its names away one by one either. */
const unsuggestingRules: GraphileConfig.Plugin = {
  name: 'StrataUnsuggestingPlugin',
  // After the limits, whose rules are wrapped like all others.
  after: [limits.name],
  grafserv: {
    middleware: {
      setPreset(next, event) {
        event.validationRules.splice(0, Infinity, ...event.validationRules.map(unsuggesting));
        return next();
      },
    },
  },
};

/** A request that may be answered. */
export interface Admitted {
  /** Of its verified token. */
  readonly session: Session;
  readonly database: TenantDatabase;
}

interface Options {
  /** Shows PostGraphile the tables; no request is answered by it. */
  readonly pool: Pool;
  readonly schemas: string[];
  /** What of the tables is not in the API. */
  readonly tags: SmartTags;
  /** Undefined when nobody admitted the request, or the socket that it became. */
  readonly admitted: (request: IncomingMessage) => Admitted | undefined;
  /** Whether errors may name what the caller may have meant: only where the schema describes itself anyway. */
  readonly introspection: boolean;
}

/**
 * PostGraphile's configuration: the schema, how a request's claims reach Postgres, and which Postgres.
 *
 * The tables of every tenant are the same, whatever its model, so one GraphQL schema serves all: its SQL names tables
 * without their schema (`unqualified`), and the search path and the connections of each request are its tenant's.
 *
 * PostGraphile opens a transaction only where it is given settings, so a request without claims must not get that far:
 * it would run as the bare login (which may do nothing).
 */
export function graphqlPreset({
  pool,
  schemas,
  tags,
  admitted,
  introspection,
}: Options): GraphileConfig.Preset {
  return {
    extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
    plugins: [limits, jsonPgSmartTags(tags), ...(introspection ? [] : [unsuggestingRules])],
    pgServices: [makePgService({ pool, schemas, pubsub: false })],
    gather: { pgIdentifiers: 'unqualified' },
    grafserv: {
      graphqlPath: path,
      graphiql: false,
      maxRequestLength: maxRequestBytes,
      maskError: (error: GraphQLError) =>
        introspection ? maskError(error) : withoutSuggestion(maskError(error)),
    },
    grafast: {
      explain: false,
      timeouts: { planning: 500, execution: statementMs },
      context({ node, ws }) {
        // Of a socket, the request that became one.
        const asked = ws?.request ?? node?.req;
        const request = asked && admitted(asked);
        if (!request) throw new Error('this request has no verified claims');
        const { session, database } = request;
        return {
          pgSettings: {
            ...database.settings,
            'request.jwt.claims': databaseClaims(session),
            ...(mayWrite(session) ? {} : { transaction_read_only: 'on' }),
          },
          withPgClient: clientsOf(database),
        };
      },
    },
  };
}

/** In place of the connections of `pgServices`: those of one tenant's database. */
function clientsOf({ pool, noticed }: TenantDatabase): Grafast.Context['withPgClient'] {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it uses `connect` alone
  const withPgClient = makePgAdaptorWithPgClient(pool as Pool);
  return async (settings, callback) => {
    try {
      return await withPgClient(settings, callback);
    } catch (error) {
      noticed(error);
      throw error;
    }
  };
}

/** Postgres itself refuses what a key without the scope writes, however the mutation is written. */
function mayWrite({ scopes }: Session): boolean {
  return scopes === undefined || opens(scopes, 'graphql', 'write');
}
