"""What stands on a report's page: data for templates/report.html, nothing computed there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bundle.bundle import Bundle
from bundle.errors import InputError
from bundle.manifest import Clustering, Manifest, Source
from bundle.runtime import OnnxDecoder
from training.reporting.contact_sheets import (
    Pair,
    Query,
    Sheet,
    cluster_sheets,
    default_queries,
    queries,
    reconstructions,
    stray_sheet,
)
from training.reporting.figures import Figure, eps_figure, loss_figure, percent
from training.reporting.screening import benchmark_score, benchmark_table, verdict_tables
from training.reporting.tables import Table, pairs, text
from training.reporting.tilemap import TileMap, tile_map

TEMPLATES = Path(__file__).parent / "templates"
_FIRST_HUE = 205
_HUE_STEP = 137.508  # degrees; the golden angle keeps neighbouring labels apart
_SKIPPED = 20
_WRITTEN = "the JSON that `python -m training evaluate --out` wrote"


@dataclass(frozen=True)
class Evaluation:
    """The tables of an evaluation, and the bundle that was measured."""

    bundle_id: str
    tables: list[Table]


@dataclass(frozen=True)
class Page:
    """Everything that templates/report.html shows."""

    bundle: Bundle
    tables: list[Table]
    wide_tables: list[Table]
    measures: list[Table]
    verdicts: list[Table]
    benchmark: Table
    benchmark_score: float
    loss: Figure | None
    eps: Figure
    pairs: list[Pair] = field(repr=False)
    map: TileMap = field(repr=False)
    sheets: list[Sheet] = field(repr=False)
    stray: Sheet | None = field(repr=False)
    queries: list[Query] = field(repr=False)


def make_page(bundle: Bundle, ids: Sequence[str], evaluation: Path | None) -> Page:
    """Collect what the page shows.

    Args:
        bundle: the bundle to report on.
        ids: of the neighbour figure; the medoids of the largest clusters when empty.
        evaluation: JSON written by `python -m training evaluate`.

    Raises:
        InputError: the evaluation cannot be read, or is of another bundle.
        BundleDamaged: the decoder cannot be run.
    """
    manifest = bundle.manifest
    measures = [pairs("Metrics", ("metric", "value"), manifest.metrics)]
    if evaluation is not None:
        measured = read_evaluation(evaluation)
        if measured.bundle_id != manifest.bundle_id:
            raise InputError(
                f"{evaluation} measures the bundle {measured.bundle_id}, this is "
                f"{manifest.bundle_id}. Run `python -m training evaluate` on this one."
            )
        measures += measured.tables
    return Page(
        bundle=bundle,
        tables=_about(manifest),
        wide_tables=_decisions(manifest),
        measures=[table for table in measures if table.rows],
        verdicts=verdict_tables(bundle),
        benchmark=benchmark_table(bundle),
        benchmark_score=benchmark_score(bundle.manifest.screening),
        loss=loss_figure(manifest),
        eps=eps_figure(bundle),
        pairs=reconstructions(bundle, OnnxDecoder(bundle.path), manifest.seed),
        map=tile_map(bundle, manifest.seed),
        sheets=cluster_sheets(bundle),
        stray=stray_sheet(bundle),
        queries=queries(bundle, ids or default_queries(bundle)),
    )


def render(page: Page) -> str:
    """Return the page as HTML."""
    template = environment().get_template("report.html")
    return template.render(page=page, manifest=page.bundle.manifest)


def environment() -> Environment:
    """Return the templates, escaping by default, with unknown names refused."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"colour": colour, "percent": percent}
    return templates


def colour(label: int) -> str:
    """Return a cluster's colour as CSS; stray tiles are grey."""
    return (
        "var(--muted)"
        if label < 0
        else f"hsl({(_FIRST_HUE + label * _HUE_STEP) % 360:.0f} 65% 50%)"
    )


def _about(manifest: Manifest) -> list[Table]:
    steps = [
        [step.name, f"{step.seconds:,.1f}", text(step.tiles_per_s) if step.tiles_per_s else ""]
        for step in manifest.steps
    ]
    total = sum(step.seconds for step in manifest.steps)
    tables = [
        Table("Time of each step", ["step", "s", "tiles/s"], [*steps, ["all", text(total), ""]]),
        pairs("Settings", ("setting", "value"), {"seed": manifest.seed, **manifest.settings}),
        pairs("Versions", ("library", "version"), manifest.versions),
    ]
    return [table for table in tables if table.rows]


def _decisions(manifest: Manifest) -> list[Table]:
    columns = (("clusters", manifest.clustering), ("study's DBSCAN", manifest.dbscan))
    labels = [
        [name, part.method, f"{part.clusters:,}", percent(part.noise_share), _settings(part)]
        for name, part in columns
    ]
    thresholds = [
        [name, text(limit.value), limit.source] for name, limit in manifest.thresholds.items()
    ]
    tables = [
        Table("Labels", ["column", "method", "clusters", "in none", "settings"], labels),
        Table("Thresholds", ["name", "value", "where it comes from"], thresholds),
        _skipped(manifest.source),
    ]
    return [table for table in tables if table.rows]


def _skipped(source: Source) -> Table:
    names = list(source.skipped)
    rows = [[name, source.skipped[name]] for name in names[:_SKIPPED]]
    if len(names) > _SKIPPED:
        rows.append([f"and {len(names) - _SKIPPED:,} more", "manifest.json lists them all"])
    return Table(f"Skipped files: {len(names):,}", ["file", "reason"], rows)


def _settings(part: Clustering) -> str:
    return ", ".join(f"{name} {text(value)}" for name, value in part.settings.items())


def read_evaluation(file: Path) -> Evaluation:
    """Return the tables of an evaluation.

    Raises:
        InputError: the file cannot be read or is no evaluation.
    """
    try:
        data = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(
            f"{file} cannot be read as an evaluation: {error.strerror}. Give {_WRITTEN}."
        ) from error
    except ValueError as error:
        raise InputError(f"{file} is not an evaluation: it is no JSON. Give {_WRITTEN}.") from error
    try:
        measures = [[part["title"], *_interval(part)] for part in data["measures"].values()]
        labelled = data["labelled"]
        bundle_id = data["bundle"]["id"]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"{file} is not an evaluation, but other JSON. Give {_WRITTEN}."
        ) from error
    return Evaluation(
        bundle_id,
        [
            Table("Against labelled tiles", ["measure", "value", "95 % interval"], measures),
            pairs("Labelled tiles", ("what", "tiles"), labelled),
        ],
    )


def _interval(part: dict[str, Any]) -> list[str]:
    if part["value"] is None:
        return ["-", ""]
    return [f"{part['value']:.3f}", f"{part['low']:.3f} to {part['high']:.3f}"]
