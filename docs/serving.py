"""Tables of docs/performance.md, from benchmarks/results/serving.json and serving-int8.json."""

from collections.abc import Iterable
from statistics import median
from typing import Any, TypeAlias

Figures: TypeAlias = dict[str, Any]
Rows: TypeAlias = list[list[object]]
_ROUNDS, _SECONDS = 3, 5  # with less, figures are no more than a trial
_WHOLE = 100  # from here on without a digit after the point


def ran(figures: Figures) -> dict[str, Figures]:
    """Return the contenders that have figures."""
    return {key: one for key, one in figures["contenders"].items() if one.get("turns")}


def mid(turns: Iterable[Figures], case: str, key: str) -> float | None:
    """Return the median over the rounds, None where the case was not measured."""
    values = [turn[case][key] for turn in turns if case in turn and key in turn[case]]
    return median(values) if values else None


def _best(one: Figures) -> float:
    """Return tiles/s in the better of the two ways to send 64 tiles."""
    found = (mid(one["turns"], case, "tiles_per_s") for case in ("many", "single_x64"))
    return max(rate for rate in found if rate is not None)


def contenders(figures: Figures) -> tuple[list[str], Rows]:
    """Return head and rows: every server, its speed, and our `study` bundle's in its measure."""
    ours = _best(figures["contenders"]["tilescreen-study"])
    head = [
        "",
        "tiles/s, 64 a request",
        "tiles/s, 64 connections",
        "Tilescreen `study` is",
        "one tile, idle: p50, p99 ms",
        "at 70 %: p50, p99 ms",
        "its health meanwhile: p99 ms",
        "memory MiB",
    ]
    rows: Rows = []
    for one in ran(figures).values():
        turns = one["turns"]
        row = [_text(mid(turns, case, "tiles_per_s")) for case in ("many", "single_x64")]
        times = f"{ours / _best(one):.2f} x"
        pairs = [
            ", ".join(_text(mid(turns, case, key)) for key in ("p50_ms", "p99_ms"))
            for case in ("single_x1", "at_share")
        ]
        health = _text(mid(turns, "at_share", "probe_p99_ms"))
        memory = _text(mid(turns, "memory_mib", "proportional"))
        rows.append([one["title"], *row, times, *pairs, health, memory])
    return head, rows


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= _WHOLE else f"{value:.1f}"


def goals(figures: Figures) -> tuple[list[str], Rows]:
    """Return head and rows: each goal, what was found, and the figures behind it."""
    served = ran(figures)
    study, default = served["tilescreen-study"], served["tilescreen-default"]
    peers = {one["title"]: _best(one) for one in served.values() if not one["ours"]}
    slow = {one["title"]: _best(one) for one in served.values() if one["tensorflow"]}
    rows: Rows = []
    for words, factor, others in (("best peer", 3, peers), ("best with TensorFlow", 5, slow)):
        if others:
            name, rate = max(others.items(), key=lambda pair: pair[1])
            found = f"{_best(study) / rate:.2f} x"
            raw = f"{_best(study):.0f} of {rate:.0f} tiles/s: {name}"
            rows.append([f"`study` >= {factor} x the {words}", found, raw])
    rows += _of_bare(figures, study, "study")
    raw = f"{_best(default):.0f} of {_best(study):.0f} tiles/s"
    rows.append(["`default` >= 3 x `study`", f"{_best(default) / _best(study):.2f} x", raw])
    for name, one in (("study", study), ("default", default)):
        rows += _latency(figures, one, name)
    rows += _others(figures["default_only"])
    return ["goal", "found", "raw figures, medians of the rounds"], rows


def _others(turns: list[Figures]) -> Rows:
    if not turns:
        return []
    rate, p99 = (mid(turns, "stored_neighbors_one_core", key) for key in ("tiles_per_s", "p99_ms"))
    client = median(turn["client_tiles_per_s"] for turn in turns)
    steady = [turn for turn in turns if "stored_neighbors_at_rate" in turn]
    found = f"{rate:,.0f}/s"
    if steady:
        asked = steady[0]["stored_neighbors_at_rate"]["asked_per_s"]
        late = mid(steady, "stored_neighbors_at_rate", "p99_ms")
        found += f"; at {asked:,}/s p99 {late:.1f} ms"
    return [
        [
            "`GET /neighbors/{id}`, one core: >= 3,000/s, p99 <= 5 ms",
            found,
            f"of {turns[0]['stored_tiles']} tiles (`default`), 16 connections: p99 {p99:.1f} ms",
        ],
        ["none: `Client.encode_many`, 64 a call, `default`", f"{client:.0f} tiles/s", ""],
        [
            "none: `POST /neighbors`, 64 a request, `default`",
            f"{mid(turns, 'neighbors_many', 'tiles_per_s'):.0f} tiles/s",
            "",
        ],
    ]


def _bare(figures: Figures, profile: str, key: str) -> float:
    rates: list[float] = [one[key] for one in figures["bare"][profile]]
    return median(rates)


def _of_bare(figures: Figures, one: Figures, profile: str) -> Rows:
    rows: Rows = []
    for key, words in (("encoder", "bare runtime"), ("decode_and_encoder", "runtime and decoding")):
        rate = _bare(figures, profile, f"{key}_tiles_per_s")
        raw = f"{_best(one):.0f} of {rate:.0f} tiles/s"
        rows.append([f"`{profile}` >= 85 % of the {words}", f"{_best(one) / rate:.0%}", raw])
    return rows


def _latency(figures: Figures, one: Figures, profile: str) -> Rows:
    turns = one["turns"]
    p50, p99 = (mid(turns, "single_x1", key) or 0 for key in ("p50_ms", "p99_ms"))
    encoder = _bare(figures, profile, "single_ms")
    found = f"p50 encoder {p50 - encoder:+.1f} ms, p99 {p99 / p50:.1f} x p50"
    goal = f"`{profile}`, one tile, idle: p50 <= encoder + 3 ms, p99 <= 2 x p50"
    rows: Rows = [[goal, found, f"p50 {p50:.1f}, p99 {p99:.1f}, encoder {encoder:.1f} ms"]]
    late, health = (mid(turns, "at_share", key) for key in ("p99_ms", "probe_p99_ms"))
    if late is not None and health is not None:
        size = figures["batch_tiles"]
        batch = 1000 * size / _bare(figures, profile, "encoder_tiles_per_s")
        goal = f"`{profile}`, 64 connections at 70 %: p99 <= 10 batches, `/livez` p99 <= 20 ms"
        found = f"p99 {late / batch:.1f} batches, `/livez` p99 {health:.1f} ms"
        rows.append([goal, found, f"p99 {late:.0f} ms, a batch of {size} takes {batch:.0f} ms"])
    return rows


def missing(figures: Figures) -> str:
    """Return a line for each contender that was not measured to the end, with the reason."""
    out = [one for one in figures["contenders"].values() if "skipped" in one]
    return "".join(f"\nNot measured: {one['title']}. {one['skipped']}\n" for one in out)


def conditions(figures: Figures, machine: Figures) -> str:
    """Return how the figures came about."""
    short = figures["rounds"] < _ROUNDS or figures["seconds"] < _SECONDS
    return ("A short run that shows only that all of it works.\n\n" if short else "") + (
        f"Rounds: {figures['rounds']}, windows of {figures['seconds']:g} s, load by "
        f"{figures['generator']} on the same {machine['cores']} cores ({machine['processor']}); "
        f"tiles of {figures['tile_bytes'] / 1000:.0f} kB. Medians over the rounds, "
        f"which took {figures['minutes']} minutes; processes that wanted a core just before: "
        f"{figures['load_before']:.1f}.\n\n"
    )
