package main

import "testing"

func TestNobodyIsACallerWithoutAKeyToVerifyTokensWith(t *testing.T) {
	t.Setenv("JWT_KEY_FILE", "")
	_, err := callerOf("Bearer x.y.z")
	if refused, ok := err.(notAllowed); !ok || refused.status != 501 {
		t.Fatalf("expected a refusal with status 501, got %v", err)
	}
}
