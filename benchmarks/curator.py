"""`python -m benchmarks.curator`: a simulated curator on labelled scans.

Looks at tiles in an order and marks each as its label says. Counted is how many tiles are looked
at until 95 % and 99 % of the lettering is found: in the order of `GET /review/budget`, which
learns from what was marked, beside other orders. Then whole reviews with random samples: how often
the interval holds, when the curator is told to stop, and whether what that sentence says is true.

Constants of our order were chosen on the thumbnails' scans of even number, by the bundle fitted
on them (`chosen_on` in the result), and on nothing else.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import record
from benchmarks.screening.arguments import pair
from bundle import Bundle, open_bundle
from bundle.errors import InputError
from bundle.screening import VERDICTS, outlier_evidence
from service.reviewing.estimate import Draw
from service.reviewing.stopping import Review, advice
from service.reviewing.worth import Doubles, most_worth, worth
from training.measuring.labels import LabelCsv, read_labels

SHARES = (0.95, 0.99)
BUDGETS = (300, 50)
REVIEWS, SAMPLE = 300, 100
LEFT = (0.01, 0.05)
_SEED = 42
_FAR = 10
"""The outlier order is by the distance to this neighbour, as SelfClean and many others do."""
Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Tiles:
    """Labelled tiles of a bundle: their `rows` in it, and (m,) `truth`: which have lettering."""

    bundle: Bundle
    rows: Rows = field(repr=False)
    truth: Flags = field(repr=False)

    @classmethod
    def of(cls, bundle: Bundle, labels: Path) -> "Tiles":
        """Join labels with a bundle."""
        labelled = read_labels(LabelCsv(labels), bundle)
        return cls(bundle, labelled.rows, labelled.positive)

    def scans(self, *, even: bool) -> "Tiles":
        """Return the tiles of every other scan."""
        chosen = (self.bundle.arrays["scan_numbers.npy"][self.rows] % 2 == 0) == even
        return Tiles(self.bundle, self.rows[chosen], self.truth[chosen])

    def about(self) -> dict[str, int]:
        """Return how many there are."""
        return {"tiles": len(self.rows), "lettering": int(self.truth.sum())}


class Curator:
    """Knows every label, and looks at tiles in our order."""

    def __init__(self, tiles: Tiles) -> None:
        bundle, rows = tiles.bundle, tiles.rows
        self.truth = tiles.truth
        self.points = np.asarray(bundle.points)[rows]
        self.scores = np.asarray(bundle.scores)[rows, 0]
        self.kept = np.asarray(bundle.verdicts)[rows] == VERDICTS.index("keep")
        self.doubles = _doubles(bundle, rows)
        self.looked = np.zeros(len(rows), dtype=bool)

    def budget(self, size: int) -> Rows:
        """Return what to look at next."""
        found = self.looked & self.truth
        odds = worth(self.points, self.scores, self.looked, found)
        return most_worth(odds, self.looked, self.doubles, size)

    def order(self, size: int) -> Rows:
        """Look at everything, asking again after each budget; return the order."""
        seen = [np.empty(0, dtype=np.intp)]
        while not self.looked.all():
            seen.append(self.budget(size))
            self.looked[seen[-1]] = True
        return np.concatenate(seen)


def _doubles(bundle: Bundle, rows: Rows) -> Doubles:
    """Return near duplicates by position among the labelled tiles; others count as far away."""
    position = np.full(len(bundle), -1)
    position[rows] = np.arange(len(rows))
    near = position[np.asarray(bundle.neighbors)[rows]]
    away = np.where(near < 0, np.inf, np.asarray(bundle.neighbor_distances)[rows])
    return Doubles(near, away.astype(np.float32), np.asarray(bundle.arrays["random_distances.npy"]))


def looked_at(order: Rows, truth: Flags) -> dict[str, int]:
    """Return how many tiles of an order are looked at until a share of the lettering is found."""
    found = np.cumsum(truth[order])
    return {
        f"{share:.0%}": int(np.searchsorted(found, ceil(share * found[-1])) + 1) for share in SHARES
    }


def at_random(truth: Flags) -> dict[str, float]:
    """Return the same for random order, expected: the j-th of m among n is at j(n+1)/(m+1)."""
    tiles, lettering = len(truth), int(truth.sum())
    return {
        f"{share:.0%}": round(ceil(share * lettering) * (tiles + 1) / (lettering + 1), 1)
        for share in SHARES
    }


def orders(tiles: Tiles, study: Bundle | None) -> dict[str, dict[str, float]]:
    """Return title and figures of every order."""
    bundle, rows, truth = tiles.bundle, tiles.rows, tiles.truth
    away = np.asarray(bundle.neighbor_distances)[rows]
    ours = {
        f"budget of {size}, asked again after each": Curator(tiles).order(size) for size in BUDGETS
    }
    ways: dict[str, Rows] = {
        **ours,
        "score, highest first": _falling(np.asarray(bundle.scores)[rows, 0]),
        f"outliers of our latents, by the {_FAR}th neighbour": _falling(away[:, _FAR - 1]),
        "the study's DBSCAN on our latents, noise first": _falling(_noise(bundle)[rows]),
    }
    if study is not None:
        there = np.array([study.row(bundle.id(int(row))) for row in rows])
        ways["the study's autoencoder and DBSCAN, noise first"] = _falling(_noise(study)[there])
    found: dict[str, dict[str, float]] = {
        title: dict(looked_at(order, truth)) for title, order in ways.items()
    }
    return found | {"random, expected": at_random(truth)}


def _noise(bundle: Bundle) -> NDArray[np.float64]:
    """Return (n,) for the study's order: noise first, each part by distance to five nearest."""
    away = outlier_evidence(np.asarray(bundle.neighbor_distances)).astype(np.float64)
    return away + (np.asarray(bundle.dbscan_labels) < 0) * (away.max() + 1)


def _falling(values: NDArray[Any]) -> Rows:
    return np.argsort(-values, kind="stable")


@dataclass(frozen=True)
class Told:
    """One state of a review in which an estimate was given."""

    stop: bool
    right: bool
    inside: bool
    looked: int
    recall: float
    width: int


def reviewed(tiles: Tiles, first: int, share: float, rng: np.random.Generator) -> Iterator[Told]:
    """Review as the page says: a budget, then samples, and budgets while much is left."""
    curator, draws = Curator(tiles), list[tuple[Flags, Rows]]()
    curator.looked[curator.budget(first)] = True
    while True:
        population = curator.kept & ~curator.looked
        said = advice(_state(curator, draws, population), share)
        if draws:
            yield _told(curator, draws, population, stop=said.stop)
        if said.stop:
            return
        if said.sample:
            left = np.flatnonzero(population)
            sample = rng.choice(left, min(SAMPLE, said.sample, len(left)), replace=False)
            draws.append((population, sample))
            curator.looked[sample] = True
        else:
            curator.looked[curator.budget(SAMPLE)] = True


def _state(curator: Curator, draws: list[tuple[Flags, Rows]], population: Flags) -> Review:
    found = curator.looked & curator.truth
    finished = [
        Draw(int(one.sum()), len(rows), int(curator.truth[rows].sum()), int((one & found).sum()))
        for one, rows in draws
    ]
    waiting = int((~curator.kept & ~curator.looked).sum())
    return Review(int(population.sum()), waiting, int(found.sum()), finished)


def _told(
    curator: Curator, draws: list[tuple[Flags, Rows]], population: Flags, *, stop: bool
) -> Told:
    left = _state(curator, draws, population).left
    assert left is not None
    there = int((population & curator.truth).sum())
    found = int((curator.looked & curator.truth).sum())
    return Told(
        stop=stop,
        right=there <= left.high,
        inside=left.low <= there <= left.high,
        looked=int(curator.looked.sum()),
        recall=found / max(found + there, 1),
        width=left.high - left.low,
    )


def reviews(tiles: Tiles, first: int, share: float) -> dict[str, Any]:
    """Return how the estimate and the stopping rule behave over many random reviews."""
    rng = np.random.default_rng(_SEED)
    ran = [list(reviewed(tiles, first, share, rng)) for _ in range(REVIEWS)]
    ends = [states[-1] for states in ran]
    return {
        "reviews": REVIEWS,
        "first_budget": first,
        "kept_and_not_looked_at_first": int(_unseen(tiles, first).sum()),
        "interval_held_at_every_sample": float(np.mean([all(s.inside for s in r) for r in ran])),
        "stop_was_true": float(np.mean([end.right for end in ends])),
        "looked_at_stop": _spread([end.looked for end in ends]),
        "recall_at_stop": _spread([end.recall for end in ends]),
    }


def _unseen(tiles: Tiles, first: int) -> Flags:
    curator = Curator(tiles)
    curator.looked[curator.budget(first)] = True
    return curator.kept & ~curator.looked


def _spread(values: list[Any]) -> list[float]:
    return [round(float(value), 4) for value in np.quantile(values, (0.05, 0.5, 0.95))]


def main() -> int:
    """Measure and write; return the exit status."""
    args = _arguments()
    try:
        bundles = dict(map(pair, args.bundle))
        sets = {
            title: Tiles.of(open_bundle(Path(path)), args.labels) for title, path in bundles.items()
        }
        study = open_bundle(args.study) if args.study else None
    except InputError as error:
        print(f"curator: {error}", file=sys.stderr)
        return 1
    chosen = {}
    if args.chosen_on_even:
        chosen = {title: tiles.scans(even=True) for title, tiles in sets.items()}
        sets = {title: tiles.scans(even=False) for title, tiles in sets.items()}
    figures = {
        "held_out": {
            title: _ordered(tiles, study)
            | {"reviews": {f"{share:.0%}": reviews(tiles, args.first, share) for share in LEFT}}
            for title, tiles in sets.items()
        },
        "chosen_on": {title: _ordered(tiles, study) for title, tiles in chosen.items()},
    }
    command = "python -m benchmarks.curator --name NAME --labels CSV --bundle TITLE=BUNDLE ..."
    record.record(f"curator-{args.name}", command, figures)
    return 0


def _ordered(tiles: Tiles, study: Bundle | None) -> dict[str, Any]:
    return {"collection": tiles.about(), "orders": orders(tiles, study)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.curator",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--name", required=True, help="of the collection")
    parser.add_argument("--labels", type=Path, required=True, metavar="CSV")
    parser.add_argument("--bundle", action="append", required=True, metavar="TITLE=BUNDLE")
    parser.add_argument("--study", type=Path, metavar="BUNDLE", help="of the study's profile")
    parser.add_argument("--first", type=int, default=300, help="tiles looked at before a sample")
    parser.add_argument("--chosen-on-even", action="store_true", help="report halves of the scans")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
