#!/usr/bin/env bash
# Two replicas with two workers each behind a proxy, as docker-compose.replicas.yml has them, their
# decisions in PostgreSQL, under load all the time, which decides as well: to a new bundle, to a
# damaged one, back, a restart of each replica in turn, and the death of one.
# No request may fail but those that the dead replica had begun. The engine and the variables are
# those of run.sh; where an image of the proxy or of PostgreSQL cannot be pulled, a stand-in is made
# from Debian's package on the base image of ours.
# shellcheck disable=SC2016 # what PostgreSQL's container expands
set -euo pipefail
cd "$(dirname "$0")/../.."
export COMPOSE_PROJECT_NAME=tilescreen-rolling-test TAG=rolling-test WORKERS=2 REPLICAS=2
export HAPROXY_TAG=${HAPROXY_TAG:-2.6} POSTGRES_TAG=${POSTGRES_TAG:-15}
# shellcheck source=tests/image/common.sh
source tests/image/common.sh
FILES=(--file docker-compose.yml --file docker-compose.replicas.yml --file tests/image/postgres.yml)

point() { in_volume "import os; os.symlink('$1', '/bundles/new'); os.replace('/bundles/new', '/bundles/current')"; }
bundle_id() { in_volume "import json; print(json.load(open('/bundles/$1/manifest.json'))['bundle_id'])" | tr -d '\r'; }
ask_replica() { # ask_replica NUMBER PATH: its own answer, past the proxy
  compose exec -T --index "$1" service python -c \
    "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000$2').read().decode())"
}
of_replica() { ask_replica "$1" /bundle | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["bundle_id"])'; }
until_served() { # until_served ID: by every replica and each of its workers
  local began=$SECONDS seen
  while :; do
    seen=$(for _ in 1 2 3 4 5 6; do of_replica 1; of_replica 2; done | sort -u)
    [ "$seen" = "$1" ] && break
    [ $((SECONDS - began)) -lt 120 ] || fail "after two minutes bundles $seen are served, not $1"
  done
  echo "  all answer from $1 within $((SECONDS - began)) s"
}
proxy_says() { compose exec -T proxy bash -c "exec 3<>/dev/tcp/127.0.0.1/9999; echo '$1' >&3; cat <&3"; }
until_healthy() { # until_healthy CONTAINER
  local began=$SECONDS
  until [ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = healthy ]; do
    [ $((SECONDS - began)) -lt 120 ] || fail "$1 is not healthy"
    sleep 0.5
  done
  echo "  healthy after $((SECONDS - began)) s"
}
both_have_kept() { # of what the load was told is kept, each replica knows all, and nothing twice
  local replica number
  for replica in 1 2; do
    for number in 0 1 2 3 4 5 6 7; do
      ask_replica $replica "/tiles/g00000$number/decision?history=true" >"$SCRATCH/history-$number"
    done
    echo "  replica $replica:"
    "$PYTHON" tests/image/load.py --kept "$SCRATCH/seen.json" "$SCRATCH"/history-* || fail "decisions were lost"
  done
}
no_failure() { # no_failure BUNDLE...: stop the load; all was answered, from these bundles
  stop_load
  "$PYTHON" - "$SCRATCH/seen.json" "$@" <<'PYTHON' || fail "requests failed, or the wrong bundle answered"
import json
import sys

seen = json.load(open(sys.argv[1]))
print(f"  {seen['requests']} requests, {sum(seen['failed'].values())} failed, slowest {seen['slowest_ms']} ms")
print("  answers by bundle:", seen["bundles"])
for reason in seen["reasons"]:
    print(" ", reason)
sys.exit(bool(seen["failed"]) or set(seen["bundles"]) != set(sys.argv[2:]))
PYTHON
}
stand_in() { # stand_in IMAGE PACKAGE: pull it, or make it of what standard input says
  if docker image inspect "$1" >/dev/null 2>&1 || docker pull --quiet "$1" >/dev/null 2>&1; then
    echo "  $1 is there"
  else
    docker build --quiet --network host --tag "$1" - >/dev/null
    echo "  $1 cannot be pulled: a stand-in was made from Debian's package"
  fi
}

step "Build"
build
stand_in "haproxy:$HAPROXY_TAG" <<DOCKERFILE
FROM $BASE
RUN apt-get update && apt-get install --yes --no-install-recommends haproxy
CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
DOCKERFILE
stand_in "postgres:$POSTGRES_TAG" <<DOCKERFILE
FROM $BASE
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql
ENV PATH=/usr/lib/postgresql/15/bin:\$PATH PGDATA=/var/lib/postgresql/data
RUN install --directory --owner postgres /var/lib/postgresql/data /var/run/postgresql
USER postgres
VOLUME /var/lib/postgresql/data
COPY --chmod=755 <<'SCRIPT' /start
#!/bin/sh
set -e
if [ ! -s "\$PGDATA/PG_VERSION" ]; then
  echo "\$POSTGRES_PASSWORD" >/tmp/password
  initdb --username "\$POSTGRES_USER" --pwfile /tmp/password --auth scram-sha-256 --encoding utf8
  echo 'host all all all scram-sha-256' >>"\$PGDATA/pg_hba.conf"
  echo "CREATE DATABASE \$POSTGRES_DB" | postgres --single -D "\$PGDATA" postgres
fi
exec postgres -c listen_addresses='*'
SCRIPT
STOPSIGNAL SIGINT
CMD ["/start"]
DOCKERFILE

step "Two bundles of the same tiles, and a damaged one"
write_tiles
for number in 1 2; do fit "b$number" --epochs 1 --adapt-rounds 0 --seed "$number"; done
in_volume "import os, shutil; shutil.copytree('/bundles/b2', '/bundles/b3'); os.truncate('/bundles/b3/latents.npy', 1000)"
first=$(bundle_id b1) second=$(bundle_id b2)
point b1

step "Up: two replicas, two workers each, one proxy, one PostgreSQL"
up service proxy
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

step "A decision through one replica is seen by the other"
compose exec -T --index 1 service python -c "
import urllib.request as r
question = r.Request('http://127.0.0.1:8000/tiles/g000020/decision', b'{\"decision\": \"drop\"}', {'Content-Type': 'application/json'}, method='PUT')
r.urlopen(question)"
expect "what the other says" drop \
  "$(ask_replica 2 /tiles/g000020/decision | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["state"])')"
expect "where it is" 1 "$(compose exec -T postgres sh -c \
  'PGPASSWORD=$POSTGRES_PASSWORD psql --host 127.0.0.1 --user "$POSTGRES_USER" --tuples-only --no-align --command "select count(*) from decisions" "$POSTGRES_DB"')"
key() { ask_replica "$1" /exports/key | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["public_key"])'; }
expect "both sign with one key" "$(key 1)" "$(key 2)"

step "To the new bundle under load"
start_load
sleep 3
point b2
until_served "$second"
sleep 2
no_failure "$first" "$second"
both_have_kept

step "A damaged bundle under load: the old one serves on"
start_load
sleep 1
point b3
sleep 5
until_served "$second"
compose logs service 2>&1 | grep -o 'bundle refused: [^"]*' | sort -u | sed 's/^/  /' || fail "the log says nothing of it"
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
  until_healthy "$name"
  proxy_says "set server replicas/$slot state ready" >/dev/null
  sleep 3
done
no_failure "$second"
both_have_kept

step "A replica killed under load: only what it had begun is lost"
start_load
sleep 3
name=$(compose ps --quiet service | sed -n 1p) # reads to the end: `head` would break the pipe
docker kill --signal KILL "$name" >/dev/null
sleep 5
docker start "$name" >/dev/null
until_healthy "$name"
sleep 3
stop_load
"$PYTHON" - "$SCRATCH/seen.json" <<'PYTHON' || fail "more was lost than what the replica had begun"
import json
import sys

seen = json.load(open(sys.argv[1]))
failed = seen["failed"]
print(f"  {seen['requests']} requests, failed by method: {failed or 'none'}; slowest {seen['slowest_ms']} ms")
for reason in seen["reasons"]:
    print(" ", reason)
# Eight connections had one request under way each; a GET is asked again by the proxy.
sys.exit(failed.get("GET", 0) > 0 or sum(failed.values()) > 8)
PYTHON
both_have_kept

step "Dump and restore of the decisions, as docs/deployment.md says"
in_postgres() { # in_postgres COMMAND: with DATABASE_URL, and EMPTY_DATABASE_URL for another database
  compose exec -T postgres sh -c "
    DATABASE_URL=postgresql://\$POSTGRES_USER:\$POSTGRES_PASSWORD@127.0.0.1/\$POSTGRES_DB
    EMPTY_DATABASE_URL=postgresql://\$POSTGRES_USER:\$POSTGRES_PASSWORD@127.0.0.1/restored
    $1"
}
in_postgres 'psql --quiet --command "CREATE DATABASE restored" "$DATABASE_URL"'
in_postgres 'pg_dump "$DATABASE_URL"' >"$SCRATCH/decisions.sql"
in_postgres 'psql --quiet --set ON_ERROR_STOP=1 "$EMPTY_DATABASE_URL" >/dev/null' <"$SCRATCH/decisions.sql"
count='psql --tuples-only --no-align --command "select count(*), max(seq) from decisions"'
expect "decisions, and the last one's number" "$(in_postgres "$count \"\$DATABASE_URL\"")" \
  "$(in_postgres "$count \"\$EMPTY_DATABASE_URL\"")"

step "All passed"
