import { depthLimit } from '@graphile/depth-limit';
import { PgSimplifyInflectionPreset } from '@graphile/simplify-inflection';
import type { JWTPayload } from 'jose';
import type { IncomingMessage } from 'node:http';
import type { Pool } from 'pg';
import { makePgService } from 'postgraphile/adaptors/pg';
import type { GraphQLError } from 'postgraphile/graphql';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { opens } from '../../scopes';
import { sessionOf } from '../shared/token';
import { maskError, unsuggesting, withoutSuggestion } from './errors';

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

interface Options {
  readonly pool: Pool;
  readonly schemas: string[];
  /** The verified claims of a request; undefined when there are none. */
  readonly claims: (request: IncomingMessage) => JWTPayload | undefined;
  /** Whether errors may name what the caller may have meant: only where the schema describes itself anyway. */
  readonly introspection: boolean;
}

/**
 * PostGraphile's configuration: the schema, and how a request's claims reach Postgres.
 *
 * PostGraphile opens a transaction only where it is given settings, so a request without claims must not get that far:
 * it would run as the bare login (which may do nothing).
 */
export function graphqlPreset({
  pool,
  schemas,
  claims,
  introspection,
}: Options): GraphileConfig.Preset {
  return {
    extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
    plugins: [limits, ...(introspection ? [] : [unsuggestingRules])],
    pgServices: [makePgService({ pool, schemas, pubsub: false })],
    grafserv: {
      graphqlPath: '/graphql',
      graphiql: false,
      maxRequestLength: 100_000,
      maskError: (error: GraphQLError) =>
        introspection ? maskError(error) : withoutSuggestion(maskError(error)),
    },
    grafast: {
      explain: false,
      timeouts: { planning: 500, execution: 10_000 },
      context({ node }) {
        const payload = node && claims(node.req);
        if (!payload) throw new Error('this request has no verified claims');
        return {
          pgSettings: {
            role: 'strata_tenant',
            statement_timeout: '10000',
            'request.jwt.claims': JSON.stringify(payload),
            ...(mayWrite(payload) ? {} : { transaction_read_only: 'on' }),
          },
        };
      },
    },
  };
}

/** Postgres itself refuses what a key without the scope writes, however the mutation is written. */
function mayWrite(payload: JWTPayload): boolean {
  const { scopes } = sessionOf(payload);
  return scopes === undefined || opens(scopes, 'graphql', 'write');
}
