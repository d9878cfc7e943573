import { depthLimit } from '@graphile/depth-limit';
import { PgSimplifyInflectionPreset } from '@graphile/simplify-inflection';
import type { JWTPayload } from 'jose';
import type { IncomingMessage } from 'node:http';
import type { Pool } from 'pg';
import { makePgService } from 'postgraphile/adaptors/pg';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';

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

interface Options {
  readonly pool: Pool;
  readonly schemas: string[];
  /** The verified claims of a request; undefined when there are none. */
  readonly claims: (request: IncomingMessage) => JWTPayload | undefined;
}

/**
 * PostGraphile's configuration: the schema, and how a request's claims reach Postgres.
 *
 * PostGraphile opens a transaction only where it is given settings, so a request without claims must not get that far:
 * it would run as the bare login (which may do nothing).
 */
export function graphqlPreset({ pool, schemas, claims }: Options): GraphileConfig.Preset {
  return {
    extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
    plugins: [limits],
    pgServices: [makePgService({ pool, schemas, pubsub: false })],
    grafserv: { graphqlPath: '/graphql', graphiql: false, maxRequestLength: 100_000 },
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
          },
        };
      },
    },
  };
}
