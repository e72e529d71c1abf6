"""`python -m client encode|neighbors|cluster|screen FOLDER --out FILE`: a folder into a table."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
from tqdm import tqdm

from client.async_api import AsyncClient
from client.batch import Job, ask_all
from client.errors import BundleChanged, ClientError, InputUnusable
from client.failures import print_failures, write_failures
from client.journal import Journal
from client.options import Options, parse
from client.problem import Problem
from client.retry import Retry
from client.screenings import VERDICTS
from client.sources import TileFile, find_tiles
from client.tables import Entry, Table, check_output, write_table

DONE, NOTHING_DONE, SOME_FAILED, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True)
class _Outcome:
    """What failed and why, by file, and how many tiles have each verdict."""

    failures: Mapping[str, Problem]
    verdicts: Counter[str] = field(default_factory=Counter)


def main(
    argv: Sequence[str] | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    retry: Retry | None = None,
) -> int:
    """Run the batch command and return its exit status.

    Args:
        argv: arguments; those of the process by default.
        transport: takes the network's place in tests.
        retry: when to ask again.
    """
    try:
        options = parse(argv)
    except SystemExit as stop:  # argparse leaves with 2, which here means that some files failed
        return NOTHING_DONE if stop.code else DONE
    try:
        return _work(options, transport, retry)
    except ClientError as error:
        return _stop(str(error), _hint(options, error))
    except OSError as error:
        what = f"{error.filename or options.out}: {error.strerror or error}."
        return _stop(what, _hint(options, error))
    except KeyboardInterrupt as error:
        _stop("Interrupted.", _hint(options, error))
        return INTERRUPTED


def _work(options: Options, transport: httpx.AsyncBaseTransport | None, retry: Retry | None) -> int:
    check_output(options.out)
    if options.failures is not None and not options.failures.parent.is_dir():
        raise InputUnusable(f"The folder {options.failures.parent} does not exist; make it first.")
    tiles = find_tiles(options.inputs)
    client = AsyncClient(
        options.url,
        api_key=options.api_key,
        retry=retry,
        timeout_s=options.timeout,
        transport=transport,
    )
    outcome = asyncio.run(_ask(options, tiles, client))
    _report(options, tiles, outcome)
    return SOME_FAILED if outcome.failures else DONE


async def _ask(options: Options, tiles: Sequence[TileFile], client: AsyncClient) -> _Outcome:
    async with client:
        # Nothing is written before it is known that there is a service, and which bundle it has.
        info = await client.bundle()
        job = Job(options.command, options.k, options.parallel, info.id)
        with Journal(options.journal, job.run, resume=options.resume) as journal:
            missing = [tile for tile in tiles if tile not in journal]
            kept = len(tiles) - len(missing)
            with tqdm(total=len(tiles), initial=kept, unit=" tiles", disable=options.quiet) as bar:
                outcome = _Outcome(await ask_all(client, job, missing, journal, bar))
            table = Table(options.command, info.latent_dim)
            write_table(options.out, table, _entries(journal, tiles, outcome))
            journal.close(complete=not outcome.failures)
    return outcome


def _entries(journal: Journal, tiles: Sequence[TileFile], outcome: _Outcome) -> Iterator[Entry]:
    for tile, result in journal.results(tiles):
        answer = {"error": outcome.failures[tile.file].to_json()} if result is None else result
        if "verdict" in answer:
            outcome.verdicts[str(answer["verdict"])] += 1
        yield Entry(tile.file, tile.id, answer)


def _report(options: Options, tiles: Sequence[TileFile], outcome: _Outcome) -> None:
    failures = outcome.failures
    if options.failures is not None:
        write_failures(options.failures, failures)
    print(f"{len(tiles) - len(failures):,} of {len(tiles):,} tiles -> {options.out}")
    if options.command == "screen":
        print(", ".join(f"{outcome.verdicts[verdict]:,} {verdict}" for verdict in VERDICTS))
    if failures:
        print_failures(failures, options.failures or options.out)


def _stop(what: str, hint: str) -> int:
    print(f"client: {what}" + (f"\n{hint}" if hint else ""), file=sys.stderr)
    return NOTHING_DONE


def _hint(options: Options, error: BaseException) -> str:
    """Say what becomes of the answers that are there already."""
    if isinstance(error, InputUnusable) or not options.journal.exists():
        return ""
    if isinstance(error, BundleChanged):
        return f"Delete {options.journal} and run again to ask for everything anew."
    return f"The answers so far are in {options.journal}; add --resume to go on from there."


if __name__ == "__main__":
    sys.exit(main())
