#!/bin/sh
# Ask a running service the main questions with curl alone: examples/try.sh [URL]
set -eu
url=${1:-http://127.0.0.1:8000}
ask() { printf '\n# %s\n' "$*"; curl --fail-with-body --silent --show-error "$@"; echo; }

ask "$url/readyz"
ask "$url/clusters"

# The first stored tile, by id.
id=$(curl --fail --silent --show-error "$url/tiles?limit=1" | sed 's/.*"id":"\([^"]*\)".*/\1/')
ask "$url/neighbors/$id?k=5"
ask "$url/cluster/$id"

# Its picture, sent as a new tile: raw, and several in a form.
tile=$(mktemp)
trap 'rm -f "$tile"' EXIT
curl --fail --silent --show-error "$url/tiles/$id/image" --output "$tile"
ask --header 'Content-Type: image/png' --data-binary "@$tile" "$url/encode"
ask --form "files=@$tile;filename=one.png" --form "files=@$tile;filename=two.png" "$url/neighbors?k=3"
ask --form "files=@$tile;filename=one.png" "$url/cluster"
