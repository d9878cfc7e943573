/** The claim that Hasura, PostGraphile and the SQL of `tenancy` read. */
export const claimsName = 'https://hasura.io/jwt/claims';

/** Who issues access tokens, and for whom: what every service that takes them checks. */
export const tokens = { issuer: 'strata', audience: 'strata' } as const;
