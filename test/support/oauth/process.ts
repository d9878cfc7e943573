import type { OauthConfig } from '../../../components/services/images/oauth/config';
import { startProgram, type NodeProgram } from '../node-program';

export interface OauthSettings {
  readonly config: OauthConfig;
  readonly secret: string;
  readonly jwtKey: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Variable → the client secret in its file. */
  readonly clientSecrets: Readonly<Record<string, string>>;
  /** Another program than the server as it is: one that was broken on purpose. */
  readonly program?: string;
}

/** A running OAuth server. */
export type OauthProcess = NodeProgram;

export const oauthEntry = 'components/services/images/oauth/server.ts';

/** Starts a server and waits until it is healthy; one that ends is returned as it is. */
export function startOauth(settings: OauthSettings): Promise<OauthProcess> {
  const { config, secret, jwtKey, redisUrl, databaseUrl, clientSecrets, program } = settings;
  return startProgram({
    entry: oauthEntry,
    bundle: program,
    config: { OAUTH_CONFIG: config },
    secrets: {
      OAUTH_KEY: secret,
      JWT_KEY: jwtKey,
      REDIS_URL: redisUrl,
      DATABASE_URL: databaseUrl,
      ...clientSecrets,
    },
  });
}
