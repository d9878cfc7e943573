/** The claim that Hasura, PostGraphile and the SQL of `tenancy` read. */
export const claimsName = 'https://hasura.io/jwt/claims';

/** What a token's holder is in Postgres, for services that read a role from the token: the claim `role`. */
export const databaseRole = 'strata_tenant';

/** Who issues access tokens, and for whom: what every service that takes them checks. */
export const tokens = { issuer: 'strata', audience: 'strata' } as const;

/**
 * For whom the anon key is: it is public and signed like an access token, so a service that checks the audience, as each
 * must, takes it for none.
 */
export const anonKeyClaims = {
  role: 'strata_anon',
  iss: tokens.issuer,
  aud: 'strata-anon',
  // 2100-01-01. It opens nothing that would have to be closed, and changes with the key that signs it.
  exp: 4_102_444_800,
} as const;
