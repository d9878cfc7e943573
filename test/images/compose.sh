#!/usr/bin/env bash
# Builds Docker Compose from its Go module, once, and prints the folder where it is; nothing where there is no Go.
set -euo pipefail
version=v2.40.3
folder=${XDG_CACHE_HOME:-$HOME/.cache}/strata-compose/$version
if [ ! -x "$folder/docker-compose" ]; then
  source=$(mktemp -d)
  trap 'chmod -R u+w "$source"; rm -rf "$source"' EXIT
  # Not `go install`: the module excludes versions, which only a main module may.
  module=$(GOFLAGS=-mod=mod go mod download -json "github.com/docker/compose/v2@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  cp -r "$module/." "$source"
  chmod -R u+w "$source"
  (cd "$source" && GOFLAGS=-mod=mod go build -ldflags "-X github.com/docker/compose/v2/internal.Version=$version" -o "$folder/docker-compose" ./cmd) >&2
fi
echo "$folder"
