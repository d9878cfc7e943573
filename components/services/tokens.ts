/** The claim that Hasura, PostGraphile and the SQL of `tenancy` read. */
export const claimsName = 'https://hasura.io/jwt/claims';

/** What a token's holder is in Postgres, for services that read a role from the token: the claim `role`. */
export const databaseRole = 'strata_tenant';

/** Who issues access tokens, and for whom: what every service that takes them checks. */
export const tokens = { issuer: 'strata', audience: 'strata' } as const;
