import { z } from 'zod';

const grants = ['authorization_code', 'client_credentials', 'refresh_token', 'password'] as const;

const client = z.strictObject({
  id: z.string().min(1),
  /** What people read on the page where they allow it. */
  name: z.string().min(1),
  /** The variable whose file holds the secret; a client without one is public and proves itself by PKCE alone. */
  secret: z.string().optional(),
  redirectUris: z.array(z.string()),
  grants: z.array(z.enum(grants)),
  scopes: z.array(z.string()),
  /** Ours: nobody is asked whether it may. */
  firstParty: z.boolean(),
  /** As what it acts by client credentials: the slug of a tenant, and a role there. */
  acts: z.strictObject({ tenant: z.string(), role: z.enum(['admin', 'member']) }).optional(),
});

const schema = z.strictObject({
  /** The public URL below which this program is reached, such as https://example.org/oauth. */
  issuer: z.url({ protocol: /^https?$/ }),
  /** `iss` and `aud` of the platform's access tokens. */
  tokens: z.strictObject({ issuer: z.string().min(1), audience: z.string().min(1) }),
  /** Every scope of the platform. */
  scopes: z.array(z.string()),
  /** Where people's passwords are checked; without it nobody can sign in. */
  sessions: z.url({ protocol: /^http$/ }).optional(),
  clients: z.array(client),
});

/** The file `oauth.json`. */
export type OauthConfig = z.output<typeof schema>;

export type ClientConfig = z.output<typeof client>;

/** Throws when the text is not what components/services/auth/oauth.ts writes. */
export function readConfig(text: string): OauthConfig {
  return schema.parse(JSON.parse(text));
}
