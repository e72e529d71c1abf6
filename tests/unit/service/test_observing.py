"""What is noted of requests: Server-Timing, metrics, ETags."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api import Api, running
from tests.pictures import png
from tests.tiny import tiny_tiles

TILE = png(tiny_tiles()[0])
STORED = ["/encode/c300", "/neighbors/c300", "/cluster/c300", "/screen/c300", "/tiles/c300"]


@pytest.fixture(scope="module")
def api(tiny_path: Path) -> Iterator[Api]:
    with running(tiny_path) as api:
        yield api


def scrape(api: Api) -> dict[str, float]:
    """All samples as name{label="value",...} -> value."""
    text = api.get("/metrics").raise_for_status().text
    return {
        f"{sample.name}{{{','.join(f'{k}={v}' for k, v in sorted(sample.labels.items()))}}}": (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def timing(header: str) -> dict[str, float]:
    """Server-Timing as name -> milliseconds."""
    return {name: float(ms) for name, ms in re.findall(r"(\w+);dur=([0-9.]+)", header)}


@pytest.mark.parametrize("url", [*STORED, "/livez", "/nope", "/", "/static/nope", "/tiles/nope"])
def test_every_answer_tells_its_time(api: Api, url: str) -> None:
    """Errors and pages included."""
    assert timing(api.get(url).headers["server-timing"])["total"] > 0


def test_uploads_tell_the_time_of_each_part(api: Api) -> None:
    """Parts follow one another, so that together they are no more than the whole."""
    times = timing(api.post("/screen", TILE).headers["server-timing"])
    assert list(times) == ["read", "decode", "queue", "inference", "search", "total"]
    total = times.pop("total")
    assert sum(times.values()) <= total + 0.1


def test_requests_are_counted_by_template_and_status(api: Api) -> None:
    """Ids of tiles never become labels; unknown methods and routes make no new ones."""
    before = scrape(api)
    api.get("/tiles/c300")
    api.get("/tiles/secret-name")
    api.ask("BREW", "/tiles/secret-name")
    api.get("/nowhere/secret-name")
    after = scrape(api)
    assert "secret-name" not in "".join(after)
    grown = {name: value - before.get(name, 0) for name, value in after.items()}
    counted = {name: by for name, by in grown.items() if "requests_total" in name and by}
    assert counted == {
        "tilescreen_requests_total{method=GET,route=/tiles/{tile_id},status=200}": 1,
        "tilescreen_requests_total{method=GET,route=/tiles/{tile_id},status=404}": 1,
        "tilescreen_requests_total{method=other,route=/tiles/{tile_id},status=405}": 1,
        "tilescreen_requests_total{method=GET,route=(no route),status=404}": 1,
    }


def test_tiles_runs_and_errors_are_counted(api: Api) -> None:
    """Tiles sent, tiles in runs of the encoder, and errors by code."""
    before = scrape(api)
    api.form("/encode", ("a.png", TILE), ("b.png", b"no picture"), ("c.png", TILE))
    api.post("/encode", b"")
    grown = {name: value - before.get(name, 0) for name, value in scrape(api).items()}
    assert grown["tilescreen_tiles_total{}"] == 4
    assert grown["tilescreen_run_tiles_sum{}"] == 2
    assert grown["tilescreen_tile_errors_total{code=not_a_png}"] == 1
    assert grown["tilescreen_tile_errors_total{code=empty_tile}"] == 1
    assert grown["tilescreen_part_seconds_count{part=decode}"] == 2
    assert grown["tilescreen_part_seconds_count{part=inference}"] == 1


def test_probes_and_scrapes_do_not_count(api: Api) -> None:
    """What machines ask every few seconds stays out of the figures."""
    before = scrape(api)
    for url in ("/livez", "/readyz", "/healthz", "/metrics"):
        api.get(url)
    after = scrape(api)
    assert {k for k in after if "requests_total" in k and after[k] != before.get(k)} == set()


def test_the_bundle_and_what_is_held_are_told(api: Api) -> None:
    """An idle service holds nothing; its bundle is named."""
    found = scrape(api)
    bundle = api.get("/bundle").json()["bundle_id"]
    assert found[f"tilescreen_bundle_info{{bundle={bundle},precision=fp32,profile=default}}"] == 1
    assert found["tilescreen_bundle_tiles{}"] == 12
    assert found["tilescreen_body_bytes{}"] == found["tilescreen_queue_tiles{}"] == 0
    assert found["tilescreen_drift_distance{of=usual,quantile=0.5}"] > 0


def test_openmetrics_is_given_to_who_asks(api: Api) -> None:
    """Prometheus asks for it; a person gets plain text."""
    asked = api.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert asked.headers["content-type"].startswith("application/openmetrics-text")
    assert asked.text.endswith("# EOF\n")
    assert api.get("/metrics").headers["content-type"].startswith("text/plain")


def test_processes_share_their_figures(tmp_path: Path) -> None:
    """With a folder for it, one process tells what others have counted."""
    code = (
        "from service.observing import metrics; metrics.TILES.inc(2); metrics.QUEUE_TILES.set(3);"
        "metrics.RUN_TILES.observe(5); print(metrics.exposition('')[0].decode())"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    assert "tilescreen_tiles_total 4.0" in done.stdout
    assert "tilescreen_run_tiles_count 2.0" in done.stdout


@pytest.mark.parametrize("url", STORED)
def test_stored_answers_are_kept(api: Api, url: str) -> None:
    """Who has the answer of this bundle gets 304; whose address names the bundle, keeps it."""
    answer = api.get(url)
    bundle, etag = answer.headers["x-bundle"], answer.headers["etag"]
    assert answer.headers["cache-control"] == "no-cache"
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = api.get(url, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert api.get(url, headers={"If-None-Match": '"other"'}).content == answer.content
    lasting = api.get(url, params={"v": bundle})
    assert lasting.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert api.get(url, params={"v": "other"}).headers["cache-control"] == "no-cache"


def test_an_unknown_tile_is_404_whatever_is_known(api: Api) -> None:
    """Conditions count only where the answer would be good."""
    etag = api.get("/tiles/c300").headers["etag"]
    assert api.get("/tiles/nope", headers={"If-None-Match": etag}).status_code == 404


def test_a_closed_bundle_no_longer_counts(found_path: Path, study_path: Path) -> None:
    """After a service ends, its bundle is told as 0 and the next one as 1."""
    with running(found_path) as first:
        old = first.get("/bundle").json()["bundle_id"]
    with running(study_path) as second:
        found = scrape(second)
        new = second.get("/bundle").json()["bundle_id"]
    assert found[f"tilescreen_bundle_info{{bundle={old},precision=fp32,profile=default}}"] == 0
    assert found[f"tilescreen_bundle_info{{bundle={new},precision=fp32,profile=default}}"] == 1
