import { z } from 'zod';

const schema = z.strictObject({
  upstream: z.strictObject({
    kind: z.enum(['hasura-auth', 'gotrue']),
    /** Without a path, such as `http://auth:4000`. */
    url: z.url({ protocol: /^http$/ }),
  }),
  issuer: z.string().min(1),
  audience: z.string().min(1),
  accessTokenSeconds: z.int().min(60).max(3600),
  refreshTokenDays: z.int().min(1).max(365),
  /** Whether refresh tokens are kept in a cookie that no script reads. */
  cookie: z.boolean(),
  /** Web pages of other origins that may use the cookie, such as `https://app.example.org`. */
  origins: z.array(z.string()),
  /** `<tenant>.<domain>` is the host of a tenant. */
  domain: z.string().min(1),
  /** Whether the upstream calls an address verified only when its owner has shown that it is his. */
  addressesAreProven: z.boolean(),
});

/** The file `sessions.json`: which auth service stands behind, and what its tokens become. */
export type SessionsConfig = z.output<typeof schema>;

/** Throws when the text is not what components/services/auth/sessions.ts writes. */
export function readConfig(text: string): SessionsConfig {
  return schema.parse(JSON.parse(text));
}
