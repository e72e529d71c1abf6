#!/usr/bin/env bash
# Two replicas with two workers each behind a proxy, as docker-compose.replicas.yml has them, under load
# all the time: to a new bundle, to a damaged one, back, and a restart of each replica in turn.
# No request may fail. The engine and the variables are those of run.sh; where no image of the
# proxy can be pulled, a stand-in is made from Debian's package on the base image of ours.
set -euo pipefail
cd "$(dirname "$0")/../.."

BUILD=${BUILD:-docker compose build}
PYTHON=${PYTHON:-.venv/bin/python}
BASE=$(sed -n 's/^FROM \([^ ]*\) AS base$/\1/p' Dockerfile)
SCRATCH=$(mktemp -d)
export COMPOSE_PROJECT_NAME=tilescreen-rolling-test COMPOSE_PROFILES=training
export TAG=rolling-test TILES=$SCRATCH/tiles BUNDLE=current WORKERS=2 REPLICAS=2
export HAPROXY_TAG=${HAPROXY_TAG:-2.6}
PORT=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PORT
URL=http://127.0.0.1:$PORT
FILES=(--file docker-compose.yml --file docker-compose.replicas.yml)
LOAD=

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
expect() { # expect WHAT WANTED FOUND
  [ "$2" = "$3" ] || fail "$1: expected $2, found $3"
  printf '  %-58s %s\n' "$1" "$3"
}
compose() { docker compose "${FILES[@]}" "$@"; }
cleanup() {
  local status=$?
  [ -z "$LOAD" ] || kill "$LOAD" 2>/dev/null || true
  [ "$status" = 0 ] || compose logs --tail 20 service proxy 2>&1 || true
  compose down --volumes --remove-orphans --timeout 5 >/dev/null 2>&1 || true
  rm -rf "$SCRATCH"
  exit "$status"
}
trap cleanup EXIT

in_volume() { compose run --rm --no-deps --entrypoint python training -c "$1"; }
point() { in_volume "import os; os.symlink('$1', '/bundles/new'); os.replace('/bundles/new', '/bundles/current')"; }
bundle_id() { in_volume "import json; print(json.load(open('/bundles/$1/manifest.json'))['bundle_id'])" | tr -d '\r'; }
of_replica() { # of_replica NUMBER: the bundle it answers from
  compose exec -T --index "$1" service python -c \
    'import json, urllib.request as r; print(json.load(r.urlopen("http://127.0.0.1:8000/bundle"))["bundle_id"])'
}
until_served() { # until_served ID: by every replica and each of its workers
  local began=$SECONDS seen
  while :; do
    seen=$(for _ in 1 2 3 4 5 6; do of_replica 1; of_replica 2; done | sort -u)
    [ "$seen" = "$1" ] && break
    [ $((SECONDS - began)) -lt 60 ] || fail "after a minute bundles $seen are served, not $1"
  done
  echo "  all answer from $1 within $((SECONDS - began)) s"
}
proxy_says() { compose exec -T proxy bash -c "exec 3<>/dev/tcp/127.0.0.1/9999; echo '$1' >&3; cat <&3"; }
start_load() {
  PYTHONPATH=. "$PYTHON" tests/image/rolling_load.py "$URL" "$TILES" "$SCRATCH/seen.json" &
  LOAD=$!
}
no_failure() { # no_failure BUNDLE...: stop the load; all was answered, from these bundles
  kill "$LOAD"
  wait "$LOAD" || fail "the load ended early"
  LOAD=
  "$PYTHON" - "$SCRATCH/seen.json" "$@" <<'PYTHON' || fail "requests failed, or the wrong bundle answered"
import json
import sys

seen = json.load(open(sys.argv[1]))
print(f"  {seen['requests']} requests, {seen['failed']} failed, slowest {seen['slowest_ms']} ms")
print("  answers by bundle:", seen["bundles"])
print("\n".join(seen["reasons"]))
sys.exit(bool(seen["failed"]) or set(seen["bundles"]) != set(sys.argv[2:]))
PYTHON
}

step "Build"
compose config --quiet && echo "  docker compose config: valid"
$BUILD >"$SCRATCH/build.log" 2>&1 || { tail -40 "$SCRATCH/build.log"; fail "the build"; }
proxy=haproxy:$HAPROXY_TAG
if docker image inspect "$proxy" >/dev/null 2>&1 || docker pull --quiet "$proxy" >/dev/null 2>&1; then
  echo "  $proxy is there"
else
  docker build --quiet --network host --tag "$proxy" - >/dev/null <<DOCKERFILE
FROM $BASE
RUN apt-get update && apt-get install --yes --no-install-recommends haproxy
CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
DOCKERFILE
  echo "  $proxy cannot be pulled: a stand-in was made from Debian's package"
fi

step "Two bundles of the same tiles, and a damaged one"
"$PYTHON" -c "from pathlib import Path; from benchmarks.generate import write_tiles; write_tiles(Path('$TILES'), 120, scan_of=30)" 2>/dev/null
chmod -R a+rX "$SCRATCH"
for number in 1 2; do
  compose run --rm training fit /tiles --out "/bundles/b$number" --epochs 1 --width 4 --adapt-rounds 0 \
    --seed "$number" >"$SCRATCH/fit.log" 2>&1 || { tail -20 "$SCRATCH/fit.log"; fail "the fit"; }
done
in_volume "import os, shutil; shutil.copytree('/bundles/b2', '/bundles/b3'); os.truncate('/bundles/b3/latents.npy', 1000)"
first=$(bundle_id b1) second=$(bundle_id b2)
point b1

step "Up: two replicas, two workers each, one proxy"
compose up --detach --wait --no-build service proxy >/dev/null 2>"$SCRATCH/up.log" || { cat "$SCRATCH/up.log"; fail "up"; }
until_served "$first"

step "Hardening"
for name in $(compose ps --quiet service proxy); do
  what=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}}' "$name")
  expect "$what: read-only root" true "$(docker inspect --format '{{.HostConfig.ReadonlyRootfs}}' "$name")"
  expect "$what: capabilities dropped" '[ALL]' "$(docker inspect --format '{{.HostConfig.CapDrop}}' "$name")"
  expect "$what: new privileges" '[no-new-privileges:true]' "$(docker inspect --format '{{.HostConfig.SecurityOpt}}' "$name")"
  [ "$(docker inspect --format '{{.HostConfig.Memory}}' "$name")" -gt 0 ] || fail "$what has no memory limit"
done
expect "published by a replica" "" "$(compose port --index 1 service 8000 2>/dev/null | grep -v ':0$' || true)"

step "To the new bundle under load"
start_load
sleep 3
point b2
until_served "$second"
sleep 2
no_failure "$first" "$second"

step "A damaged bundle under load: the old one serves on"
start_load
sleep 1
point b3
sleep 5
until_served "$second"
point b2
no_failure "$second"

step "Each replica restarted in turn under load"
start_load
sleep 2
for name in $(compose ps --quiet service); do
  address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$name")
  slot=$(proxy_says 'show servers state replicas' | awk -v a="$address" '$5 == a { print $4 }')
  [ -n "$slot" ] || fail "the proxy does not know $address"
  proxy_says "set server replicas/$slot state drain" >/dev/null
  sleep 2
  docker restart --time 40 "$name" >/dev/null
  began=$SECONDS
  until [ "$(docker inspect --format '{{.State.Health.Status}}' "$name")" = healthy ]; do
    [ $((SECONDS - began)) -lt 90 ] || fail "$name is not healthy"
    sleep 0.5
  done
  proxy_says "set server replicas/$slot state ready" >/dev/null
  sleep 3
  echo "  restarted, healthy after $((SECONDS - began)) s"
done
no_failure "$second"

step "All passed"
