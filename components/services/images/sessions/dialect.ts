export type Json = Readonly<Record<string, unknown>>;

/** A request to the upstream. */
export interface Question {
  readonly method: string;
  /** Below the upstream's root, without the query. */
  readonly path: string;
  readonly query?: string;
  readonly body?: Json;
}

/** What an upstream says of one of its users. */
export interface Person {
  /** `sub` of its tokens. */
  readonly id: string;
  readonly email: string;
  readonly verified: boolean;
  readonly name: string;
}

/** Tokens in an answer of the upstream. */
export interface Found {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** What stays the same while refresh tokens rotate, where the answer names it. */
  readonly signIn: string | undefined;
  readonly person: Person | undefined;
}

/** What stands in the place of the tokens that were found. */
interface Replacement {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresIn: number;
  readonly expiresAt: number;
}

interface SignUp {
  readonly email: string;
  readonly password: string;
  readonly name?: string | undefined;
  readonly redirectTo?: string | undefined;
}

export type SignOutScope = 'one' | 'all' | 'others';

/** In what words one kind of auth service is asked, and how it answers. */
export interface Dialect {
  /** Stands where a refresh token is expected and the cookie has it: no secret. */
  readonly marker: string;
  /** What a refresh token is called in bodies. */
  readonly refreshMember: string;
  readonly signUp: (given: SignUp) => Question;
  readonly logIn: (given: Pick<SignUp, 'email' | 'password'>) => Question;
  readonly refresh: (refreshToken: string) => Question;
  readonly reset: (given: Pick<SignUp, 'email' | 'redirectTo'>) => Question;
  /** Undefined where nothing tells the upstream whom to sign out. */
  readonly signOut: (scope: SignOutScope, refreshToken: string | undefined) => Question | undefined;
  readonly me: Question;
  readonly isRefresh: (path: string, query: URLSearchParams, body: Json) => boolean;
  readonly signOutScope: (
    path: string,
    query: URLSearchParams,
    body: Json,
  ) => SignOutScope | undefined;
  /** What a client of the upstream is told when it has signed out. */
  readonly signedOut: { readonly status: number; readonly body: string };
  /** The path answers with tokens of somebody else, which are passed on as they are. */
  readonly isForeign: (path: string) => boolean;
  readonly find: (body: Json) => Found | undefined;
  readonly replace: (body: Json, by: Replacement) => Json;
  readonly personOf: (user: unknown) => Person | undefined;
  /** A ticket for the second factor, where the answer is one. */
  readonly ticket: (body: Json) => string | undefined;
}

export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
