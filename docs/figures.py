"""`python -m docs.figures`: the tables of the documents from benchmarks/results."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.screening.measures import ABLATION_TITLES, TITLES
from docs import serving, serving_plot

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "benchmarks" / "README.md"
QUALITY = ROOT / "docs" / "quality.md"
PERFORMANCE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "performance.svg"
SHARES = ("95%", "99%")
COLLECTIONS = ("cbis-ddsm", "ddsm-thumbnails")
MARKS = ("<!-- figures -->\n", "<!-- end of figures -->\n")
Rows = list[list[object]]


def _load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return content


def table(head: list[str], rows: Rows) -> str:
    """Return a Markdown table."""
    lines: list[Sequence[object]] = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def quality(name: str) -> str:
    """Return what `evaluate` found for the profiles measured on one collection."""
    figures = _load(f"quality-{name}")["figures"]
    titles = {key: one["title"] for key, one in figures["default"]["measures"].items()}

    def cell(profile: str, key: str) -> str:
        one = figures[profile]["measures"][key]
        return f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"

    rows: Rows = [
        [title, *(cell(profile, key) for profile in figures)] for key, title in titles.items()
    ]
    count = figures["default"]["labelled"]
    tiles, scans, positives = count["tiles"], count["scans"], count["positives"]
    caption = f"{name}: {tiles} tiles of {scans} scans, {positives} with lettering"
    return f"{caption}\n\n" + table(["", *figures], rows)


def performance(name: str) -> str:
    """Return the goals of the service beside what was found in a run."""
    return table(*serving.goals(_load(name)["figures"]))


def peers(name: str) -> str:
    """Return every server of the study's encoder, measured in one run."""
    result = _load(name)
    figures = result["figures"]
    shown = table(*serving.contenders(figures))
    return serving.conditions(figures, result["machine"]) + shown + serving.missing(figures)


def runtimes() -> str:
    """Return how fast each runtime and precision is beside the float one in ONNX Runtime."""
    rows: Rows = []
    for bundle, seen in _load("runtimes")["figures"].items():
        for case, found in seen["encode"].items():
            cells = [
                f"{one['cpu_ms_a_tile']:.2f} ({one['times_as_fast']})" for one in found.values()
            ]
            rows.append([bundle, case, *cells])
        ways = list(found)
    return "Processor milliseconds a tile, and how many times as fast as the first.\n\n" + table(
        ["bundle", "threads, tiles a run", *ways], rows
    )


def fitting() -> str:
    """Return the clock of both profiles' steps."""
    figures = _load("fit")["figures"]
    rows: Rows = [
        [profile, step["name"], step["seconds"], step["tiles_per_s"] or ""]
        for profile in ("study", "default")
        for step in figures[profile]["steps"]
    ]
    return table(["profile", "step", "seconds", "tiles/s"], rows)


def scale() -> str:
    """Return what 62,000 tiles cost."""
    figures = _load("scale")["figures"]
    fit, service = figures["fit"], figures["service"]
    stored = service["stored_neighbors_x16"]
    rows: Rows = [
        ["fit, one epoch, narrow network", f"{fit['seconds']} s"],
        ["peak memory of fit and all its processes", f"{fit['peak_proportional_mib']} MiB"],
        ["start to ready, three times", f"{service['ready_s']} s"],
        ["resident memory when ready", f"{service['memory_at_ready_mib']['resident']} MiB"],
        ["resident memory after load", f"{service['memory_after_load_mib']['resident']} MiB"],
        ["`GET /neighbors/{id}`, one core", f"{stored['per_s']}/s, p99 {stored['p99_ms']} ms"],
        ["`POST /neighbors`, one core", f"p50 {service['uploaded_neighbors_x1']['p50_ms']} ms"],
    ]
    return table([f"{figures['tiles']:,} tiles", ""], rows)


def large() -> str:
    """Return what the service costs over large bundles, by the number of its workers."""
    rows: Rows = [
        [
            f"{int(tiles.split()[0]):,} tiles",
            one["workers"],
            min(one["processor_s_to_ready"]),
            min(one["ready_s"]),
            f"{round(one['pss_mib_at_ready']):,}",
            f"{round(one['pss_mib_after_load']):,}",
            f"{round(one['pss_mib_after_screening']):,}",
        ]
        for tiles, found in _load("large")["figures"].items()
        for one in found
    ]
    head = ["", "workers", "processor s to ready", "s to ready", "MiB when ready"]
    return table([*head, "MiB after neighbours", "MiB after screening too"], rows)


def stored() -> str:
    """Return how soon questions about stored tiles are answered on one core."""
    figures = _load("stored")["figures"]
    rows: Rows = [
        [
            f"`GET /{question}/{{id}}`",
            connections.removeprefix("connections_"),
            f"{seen['per_s']:,.0f}",
            *(f"{seen[key]:.2f}" for key in ("p50_ms", "p95_ms", "p99_ms")),
        ]
        for question, found in figures.items()
        if isinstance(found, dict)
        for connections, seen in found.items()
    ]
    head = [f"{figures['stored_tiles']:,} tiles", "connections", "a second"]
    return table([*head, "p50 ms", "p95 ms", "p99 ms"], rows)


def screening(name: str) -> str:
    """Return what every way found on one collection, a row for each measure."""
    figures = _load(f"screening-{name}")["figures"]
    about = figures["collection"]
    ran = [way for way in figures["ways"].values() if "measures" in way]
    skipped = [way for way in figures["ways"].values() if "skipped" in way]
    titles = {key: title for key, title in TITLES.items() if any(key in w["measures"] for w in ran)}
    rows: Rows = [
        [title, *(_interval(way["measures"].get(key)) for way in ran)]
        for key, title in titles.items()
    ]
    rates = [" / ".join(f"{rate:g}" for rate in way["tiles_per_s"].values()) for way in ran]
    rows += [["tiles", *(way["tiles"] for way in ran)], ["tiles/s of one core", *rates]]
    caption = (
        f"{name}: {about['tiles']} tiles that are not blank, {about['scans']} scans, "
        f"{about['positives']} tiles with lettering\n\n"
    )
    missing = "".join(f"\nNot run: {way['title']}. {way['skipped']}\n" for way in skipped)
    return caption + table(["", *(way["title"] for way in ran)], rows) + missing


def _interval(one: dict[str, Any] | None) -> str:
    return "" if one is None else f"{one['value']:.3f} [{one['low']:.2f}, {one['high']:.2f}]"


def ablation(name: str) -> str:
    """Return what our way finds without each of its parts; nothing where that was not measured."""
    if not (RESULTS / f"ablation-{name}.json").exists():
        return ""
    return "\n".join(
        f"{name}, a bundle fitted {bundle}\n\n" + _ablated(parts)
        for bundle, parts in _load(f"ablation-{name}")["figures"].items()
    )


def _ablated(parts: dict[str, Any]) -> str:
    titles = list(dict.fromkeys(key for part in parts.values() for key in part["measures"]))
    rows: Rows = [
        [part["title"], *(_interval(part["measures"].get(key)) for key in titles)]
        for part in parts.values()
    ]
    return table(["", *(ABLATION_TITLES[key] for key in titles)], rows)


def planted(name: str) -> str:
    """Return the planted benchmark of the bundle fitted on one collection."""
    recalls = _load(f"planted-{name}")["figures"]["recalls"]
    rows: Rows = [[what, one["tiles"], f"{one['recall']:.3f}"] for what, one in recalls.items()]
    return f"{name}\n\n" + table(["planted", "tiles", "recall at 1 % false positives"], rows)


def strange() -> str:
    """Return what became of strange but clean tiles, by kind; nothing where none were counted."""
    figures = {name: _load(f"planted-{name}")["figures"] for name in COLLECTIONS}
    found = {name: one["false_alarms"] for name, one in figures.items() if "false_alarms" in one}
    kinds = list(dict.fromkeys(kind for alarms in found.values() for kind in alarms))
    heads = [f"{name}: {ground}" for name in found for ground in ("films", "synthetic")]
    rows: Rows = [
        [kind, *(_shares(shares) for alarms in found.values() for shares in alarms[kind].values())]
        for kind in kinds
    ]
    return table(["drawn on it", *heads], rows) if found else ""


def _shares(one: dict[str, float]) -> str:
    return " / ".join(f"{100 * share:.0f}" for share in one.values())


def verdicts() -> str:
    """Return what verdicts tiles that are sent get, by their own bundle and by another."""
    rows: Rows = [
        [collection, bundle, kind, *(some[key] for key in ("keep", "review", "drop", "OFF_TOPIC"))]
        for collection, bundles in _load("verdicts")["figures"].items()
        for bundle, found in bundles.items()
        for kind, some in found.items()
    ]
    head = ["tiles of", "sent to the bundle", "", "keep", "review", "drop", "told OFF_TOPIC"]
    return table(head, rows)


def scales() -> str:
    """Return what the bundles find on the same films cut at other sizes and scales."""
    rows: Rows = [
        [
            f"{one['film_mm']} mm, {one['size']} px",
            one["tiles"],
            one["positives"],
            *(
                _interval(found[key])
                for found in one["bundles"].values()
                for key in ("ap", "recall")
            ),
        ]
        for one in _load("scales-cbis-ddsm")["figures"]["cuts"]
    ]
    bundles = _load("scales-cbis-ddsm")["figures"]["cuts"][0]["bundles"]
    told = [f"{name}: {what}" for name in bundles for what in ("AP", "recall at 1% false alarms")]
    return table(["a tile covers and is", "tiles", "with lettering", *told], rows)


def altered() -> str:
    """Return what the bundles find on tiles as other scanners or programs would give them."""
    pairs = [
        (collection, bundle, found)
        for collection, bundles in _load("altered")["figures"].items()
        for bundle, found in bundles.items()
    ]
    rows: Rows = [
        [
            name,
            *(
                f"{_interval(found[name]['ap'])}; {found[name]['recall']['value']:.2f}"
                for _, _, found in pairs
            ),
        ]
        for name in pairs[0][2]
    ]
    head = [f"{collection}, {bundle}: AP; recall" for collection, bundle, _ in pairs]
    return table(["all tiles are", *head], rows)


def altered_fits() -> str:
    """Return what bundles find that were fitted on tiles as another scanner would give them."""
    told = {
        "screening_ap": "AP",
        "screening_recall": "recall at 1% false alarms",
        "p_at_k_other_scans": "P@5, other scans",
        "labels_pure": "lettering in clusters of 90 %",
    }
    kinds = _load("altered-fits")["figures"]["kinds"]
    rows: Rows = [
        [kind, one["tiles"], *(_interval(one[measure]) for measure in told)]
        for kind, one in kinds.items()
    ]
    return table(["all tiles are", "tiles", *told.values()], rows)


def curator(name: str) -> str:
    """Return how much of one collection a simulated curator looks at, in each order."""
    figures = _load(f"curator-{name}")["figures"]
    sets = figures["held_out"]
    count = next(iter(sets.values()))["collection"]
    caption = f"{name}: {count['tiles']} tiles, {count['lettering']} with lettering"
    half = ", the scans that nothing was chosen on" if figures["chosen_on"] else ""
    ways = next(iter(sets.values()))["orders"]
    rows: Rows = [
        [way, *(f"{one['orders'][way][share]:g}" for one in sets.values() for share in SHARES)]
        for way in ways
    ]
    heads = [f"{title}: {share} found" for title in sets for share in SHARES]
    return f"{caption}{half}\n\n{table(['tiles looked at', *heads], rows)}\n" + _stopping(sets)


def _stopping(sets: dict[str, Any]) -> str:
    rows: Rows = [
        [
            title,
            share,
            one["reviews"],
            f"{one['interval_held_at_every_sample']:.2f}",
            f"{one['stop_was_true']:.2f}",
            _range(one["looked_at_stop"], ",.0f"),
            _range(one["recall_at_stop"], ".3f"),
        ]
        for title, found in sets.items()
        for share, one in found["reviews"].items()
    ]
    head = ["bundle", "may be left", "reviews", "interval held throughout", "stop was true"]
    return table([*head, "looked at, median [5 %, 95 %]", "share found by then"], rows)


def _range(three: list[float], form: str) -> str:
    low, median, high = (format(value, form) for value in three)
    return f"{median} [{low}, {high}]"


def pages() -> dict[Path, dict[str, str]]:
    """Return the tables of each document, by heading."""
    parts = {
        PAGE: {
            "Quality": "\n".join(map(quality, COLLECTIONS)),
            "Runtimes": runtimes(),
            "Fit": fitting(),
            "62,000 tiles": scale(),
        },
        QUALITY: {
            "Beside other ways": "\n".join(map(screening, COLLECTIONS)),
            "Ours without each part": "\n".join(map(ablation, COLLECTIONS)),
            "Planted lettering": "\n".join(map(planted, COLLECTIONS)),
            "Strange but clean tiles": strange(),
            "Verdicts of tiles that are sent": verdicts(),
            "Other sizes and scales": scales(),
            "Other scanners and programs": altered(),
            "Fitted on tiles of other scanners and programs": altered_fits(),
            "A simulated curator": "\n".join(map(curator, COLLECTIONS)),
        },
        PERFORMANCE: {
            "Goals": performance("serving"),
            "Goals, where the study's int8 is harmless": performance("serving-int8"),
            "Beside peers": peers("serving"),
            "Beside peers, where the study's int8 is harmless": peers("serving-int8"),
            "Stored tiles": stored(),
            "Start and memory": large(),
        },
    }
    return {
        file: {title: text for title, text in tables.items() if text.strip()}
        for file, tables in parts.items()
    }


def page(text: str, parts: dict[str, str]) -> str:
    """Return a document with its tables made anew."""
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    tables = "\n".join(f"### {title}\n\n{part}" for title, part in parts.items())
    return f"{before}{MARKS[0]}\n{tables}\n{MARKS[1]}{after}"


def _holds(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


def main() -> int:
    """Write the tables and the plot; with --check only tell whether they are as the results."""
    made = {file: page(file.read_text(), parts) for file, parts in pages().items()}
    made[PLOT] = serving_plot.plot(_load("serving")["figures"])
    stale = [file.name for file, text in made.items() if not _holds(file, text)]
    if "--check" in sys.argv:
        print("figures: " + ("run python -m docs.figures" if stale else "as in results"))
        return int(bool(stale))
    for file, text in made.items():
        file.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
