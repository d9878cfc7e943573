/** Where clients prove who they are, below the issuer; RFC 6749, 7662, 7009. */
export const paths = {
  token: '/token',
  introspection: '/token/introspection',
  revocation: '/token/revocation',
} as const;
