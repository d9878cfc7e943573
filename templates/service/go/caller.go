package main

import (
	"bytes"
	"os"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Caller is who calls: tenant, user and role ("admin" or "member").
type Caller struct {
	Tenant string `json:"tenant"`
	User   string `json:"user"`
	Role   string `json:"role"`
}

type claims struct {
	jwt.RegisteredClaims
	Session struct {
		Tenant string `json:"x-hasura-tenant-id"`
		User   string `json:"x-hasura-user-id"`
		Role   string `json:"x-hasura-role"`
	} `json:"https://hasura.io/jwt/claims"`
}

// callerOf verifies the access token of an Authorization header.
//
// The gateway has verified it already and says the same in X-Strata-Tenant, X-Strata-User and X-Strata-Role. What must
// not depend on the gateway alone verifies it again: whoever is inside the network could send those headers.
func callerOf(authorization string) (Caller, error) {
	file := os.Getenv("JWT_KEY_FILE")
	if file == "" {
		return Caller{}, notAllowed{501, "no_key", `Set "verifiesTokens: true" for this service.`}
	}
	key, err := os.ReadFile(file)
	if err != nil {
		return Caller{}, err
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	var found claims
	_, err = jwt.ParseWithClaims(token, &found,
		func(*jwt.Token) (any, error) { return bytes.TrimSpace(key), nil },
		jwt.WithValidMethods([]string{"HS256"}),
		jwt.WithIssuer(os.Getenv("JWT_ISSUER")),
		jwt.WithAudience(os.Getenv("JWT_AUDIENCE")),
		jwt.WithExpirationRequired(),
	)
	if err != nil || !strings.EqualFold(scheme, "Bearer") {
		return Caller{}, notAllowed{401, "unauthenticated", "A valid access token is required."}
	}
	role, isTenant := strings.CutPrefix(found.Session.Role, "tenant_")
	if !isTenant || (role != "admin" && role != "member") {
		return Caller{}, notAllowed{403, "no_tenant", "The token names no tenant."}
	}
	return Caller{found.Session.Tenant, found.Session.User, role}, nil
}
