//go:build tools

// Package languagehost pins Pulumi's Node language host. v3.59.1 is the last version that is published as a Go package;
// it runs programs of the npm SDK 3.259 under the CLI 3.259.
package languagehost

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
