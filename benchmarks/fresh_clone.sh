#!/usr/bin/env bash
# Both README commands from a fresh clone in an empty folder with an empty package cache.
#   benchmarks/fresh_clone.sh [LOG]      LOG: benchmarks/results/fresh-clone.log
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(realpath "${1:-benchmarks/results/fresh-clone.log}")
origin=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_CACHE_DIR=$work/no-cache PIP_NO_CACHE_DIR=1 HOME=$work/home PORT=${PORT:-8123}
mkdir -p "$HOME"
unset PYTHONPATH VIRTUAL_ENV MAKEFLAGS
start=$(date +%s.%N)
say() { printf '[%7.1f s] %s\n' "$(echo "$(date +%s.%N) - $start" | bc)" "$*"; }
stamp() { while IFS= read -r line; do say "$line"; done; }
strip() { tr '\r' '\n' | grep -vE '^\s*$|[0-9?]it/s|[0-9?] tiles/s|[0-9?]s/it' | sed -e "s#$work#.#g" -e "s#$origin#ORIGIN#g" -e "s#/[^ ]*/python3#python3#"; }

until_ready() { # until_ready COMMAND: runs make run, waits for /readyz, then stops it
  (cd "$work/clone" && exec make run) > "$work/run.log" 2>&1 &
  local pid=$!
  until curl -fsS "http://127.0.0.1:$PORT/readyz" > "$work/ready" 2>/dev/null; do
    kill -0 $pid 2>/dev/null || { strip < "$work/run.log" | tail -20; say "make run ended"; return 1; }
    sleep 0.1
  done
  say "ready: $(cat "$work/ready")"
  pkill -TERM -f -- "--port $PORT" || true
  wait $pid || true
  strip < "$work/run.log" | sed 's/^/             | /'
}

{
  echo "commit $(git rev-parse --short=12 HEAD), $(nproc) cores, $(python3 --version), $(date -u +%F)"
  say "git clone"
  git clone -q "$origin" "$work/clone"
  say "make run"
  until_ready
  start=$(date +%s.%N)
  say "make run, again"
  until_ready
  start=$(date +%s.%N)
  say "make test"
  (cd "$work/clone" && make test 2>&1) | strip | tail -40 | stamp
} 2>&1 | tee "$log"
