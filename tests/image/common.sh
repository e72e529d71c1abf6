# shellcheck shell=bash disable=SC2034
# What run.sh and rolling.sh share. Before it is read: the folder is the project's root, and TAG and
# COMPOSE_PROJECT_NAME are set. FILES: the compose files, if not docker-compose.yml alone.

BUILD=${BUILD:-docker compose build}
PYTHON=${PYTHON:-.venv/bin/python}
BASE=$(sed -n 's/^FROM \([^ ]*\) AS base$/\1/p' Dockerfile)
SCRATCH=$(mktemp -d)
FILES=(--file docker-compose.yml)
LOAD=
export COMPOSE_PROFILES=training TILES=$SCRATCH/tiles BUNDLE=current PYTHONPATH=.
PORT=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PORT
URL=http://127.0.0.1:$PORT

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
  [ "$status" = 0 ] || compose logs 2>&1 | grep -v -e '"level":"info"' -e ' 200 ' | tail -40 || true
  compose down --volumes --remove-orphans --timeout 5 >/dev/null 2>&1 || true
  rm -rf "$SCRATCH"
  exit "$status"
}
trap cleanup EXIT

build() {
  local started=$SECONDS
  compose config --quiet && echo "  docker compose config: valid"
  $BUILD >"$SCRATCH/build.log" 2>&1 || { tail -40 "$SCRATCH/build.log"; fail "the build"; }
  echo "  both images in $((SECONDS - started)) s (layers that were there are not built again)"
}
write_tiles() {
  "$PYTHON" -c "from pathlib import Path; from benchmarks.generate import write_tiles; write_tiles(Path('$TILES'), 120, scan_of=30)" 2>/dev/null
  chmod -R a+rX "$SCRATCH"
}
fit() { # fit NAME [options]
  local name=$1
  shift
  compose run --rm training fit /tiles --out "/bundles/$name" --width 4 "$@" \
    >"$SCRATCH/fit.log" 2>"$SCRATCH/fit.err" || { tail -20 "$SCRATCH/fit.err"; fail "the fit"; }
}
up() { # up SERVICE...
  compose up --detach --wait --no-build "$@" >/dev/null 2>"$SCRATCH/up.log" || { cat "$SCRATCH/up.log"; fail "up"; }
}
in_volume() { compose run --rm --no-deps --entrypoint python training -c "$1"; }
start_load() {
  "$PYTHON" tests/image/load.py "$URL" "$TILES" "$SCRATCH/seen.json" &
  LOAD=$!
}
stop_load() {
  kill "$LOAD"
  wait "$LOAD" || fail "the load ended early"
  LOAD=
}
