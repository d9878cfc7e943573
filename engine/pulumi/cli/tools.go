//go:build tools

// Package cli pins the Pulumi CLI that Strata builds where its download is blocked; go.mod and go.sum say exactly what.
package cli

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
