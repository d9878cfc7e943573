/** Who issues access tokens, and for whom: what every service that takes them checks. */
export const tokens = { issuer: 'strata', audience: 'strata' } as const;
