#!/usr/bin/env bash
# Builds Mailpit from its Go module, once, and prints where the program is. The module has no scripts of the page: those
# are made by npm for upstream's image.
set -euo pipefail
version=v1.30.5
program=${XDG_CACHE_HOME:-$HOME/.cache}/strata-mailpit/mailpit-$version
if [ ! -x "$program" ]; then
  mkdir -p "$(dirname "$program")"
  cd "$(dirname "$program")"
  source=$(go mod download -json "github.com/axllent/mailpit@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  (cd "$source" && CGO_ENABLED=0 go build -o "$program" .) >&2
fi
echo "$program"
