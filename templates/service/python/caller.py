import os
from pathlib import Path

NAMESPACE = "https://hasura.io/jwt/claims"


class NotAllowed(Exception):
    """A request that is refused; the caller is shown the message."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status = status
        self.code = code


def caller_of(authorization):
    """Who calls: tenant, user and role ("admin" or "member") of a verified access token.

    The gateway has verified it already and says the same in X-Strata-Tenant, X-Strata-User and X-Strata-Role. What must
    not depend on the gateway alone verifies it again: whoever is inside the network could send those headers.
    """
    file = os.environ.get("JWT_KEY_FILE")
    if not file:
        raise NotAllowed(501, "no_key", 'Set "verifiesTokens: true" for this service.')
    import jwt

    scheme, _, token = authorization.partition(" ")
    try:
        payload = jwt.decode(
            token if scheme.lower() == "bearer" else "",
            Path(file).read_text().strip(),
            algorithms=["HS256"],
            issuer=os.environ["JWT_ISSUER"],
            audience=os.environ["JWT_AUDIENCE"],
            options={"require": ["exp", "iss", "aud"]},
        )
    except jwt.InvalidTokenError:
        raise NotAllowed(401, "unauthenticated", "A valid access token is required.") from None
    claims = payload.get(NAMESPACE) or {}
    role = str(claims.get("x-hasura-role", "")).removeprefix("tenant_")
    if claims.get("x-hasura-role") != f"tenant_{role}" or role not in ("admin", "member"):
        raise NotAllowed(403, "no_tenant", "The token names no tenant.")
    return {"tenant": claims["x-hasura-tenant-id"], "user": claims["x-hasura-user-id"], "role": role}
