"""CleanVision: its scores of dark, light, blurry, grey, flat and repeated pictures."""

from collections.abc import Callable

from cleanvision import Imagelab

from benchmarks.screening.peers import exchange
from benchmarks.screening.peers.exchange import Answer, Tiles

_ENDING = "_score"


def load(_option: str) -> Callable[[Tiles], Answer]:
    """Return the peer; there is nothing to load."""
    return find


def find(tiles: Tiles) -> Answer:
    """Return each property's score as an issue (low is bad) and turned round."""
    with exchange.as_files(tiles) as files:
        lab = Imagelab(filepaths=list(map(str, files)))
        lab.find_issues(n_jobs=1, verbose=False)
        table = lab.issues
    table.index = exchange.rows_of(list(table.index))
    table = table.sort_index()
    scores = {}
    for column in table.columns:
        if column.endswith(_ENDING) and table[column].nunique() > 1:
            name = column.removesuffix(_ENDING).replace("_", " ")
            values = table[column].to_numpy(dtype=float)
            scores[name] = -values
            scores[f"not {name}"] = values
    return Answer(scores)


if __name__ == "__main__":
    exchange.answer(load)
