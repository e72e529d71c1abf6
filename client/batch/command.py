"""`encode`, `neighbors`, `cluster` and `screen`: tiles from somewhere into a table."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx

from ..advice import advised
from ..async_api import AsyncClient
from ..errors import BundleChanged, ClientError, InputUnusable
from ..exits import BROKEN_OFF, DONE, INTERRUPTED, NOTHING_DONE, SOME_FAILED
from ..plans import learn_limits
from ..problem import Problem
from ..results import BundleInfo
from ..retry import Retry
from ..saying import say, warn
from ..screenings import VERDICTS
from ..sources import Tile, find_tiles
from .disk import told, writing
from .failures import print_failures, write_failures
from .ledger import Ledger
from .options import Options
from .progress import shown
from .run import Asked, Job, ask_all
from .tables import Entry, Table, check_output, check_writable, write_table


def run(
    options: Options,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    retry: Retry | None = None,
) -> int:
    """Carry out a batch command and return its exit status.

    Args:
        options: what to do.
        transport: takes the network's place in tests.
        retry: when to ask again.
    """
    begun = False
    try:
        tiles = _prepare(options)
        with asyncio.Runner() as runner:
            client = AsyncClient(
                options.url,
                api_key=options.api_key,
                retry=retry,
                timeout_s=options.timeout,
                transport=transport,
            )
            try:
                # Nothing is written before it is known that there is a service, and its bundle.
                info = runner.run(_greet(client))
                job = Job(options.command, options.k, options.parallel, info.id)
                with Ledger(options.ledger_file, job.run, resume=options.resume) as ledger:
                    begun = True
                    asked = runner.run(_ask(client, job, tiles, ledger, options))
                    return _finish(options, tiles, ledger, asked, info)
            finally:
                runner.run(client.close())
    except ClientError as error:
        return _stop(options, advised(error), error, BROKEN_OFF if begun else NOTHING_DONE)
    except OSError as error:
        return _stop(options, told(error), error, BROKEN_OFF if begun else NOTHING_DONE)
    except KeyboardInterrupt as error:
        return _stop(options, "Interrupted.", error, INTERRUPTED)


def _prepare(options: Options) -> list[Tile]:
    _check_roles(options)
    check_output(options.out)
    for file in (options.ledger_file, options.failures_file):
        check_writable(file)
    lines = map(os.fsdecode, sys.stdin.buffer) if "-" in options.inputs else ()
    return find_tiles(options.inputs, lines=lines, columns=options.columns)


def _check_roles(options: Options) -> None:
    """See to it that no file is to be read or written as two things.

    Raises:
        InputUnusable: one is.
    """
    named = [("an input", name) for name in options.inputs if Path(name).is_file()]
    roles = {os.path.realpath(path): role for role, path in named}
    for role, path in (
        ("the table (--out)", options.out),
        ("the ledger (--ledger)", options.ledger_file),
        ("the list of failed tiles (--failures)", options.failures_file),
    ):
        other = roles.setdefault(os.path.realpath(path), role)
        if other != role:
            raise InputUnusable(
                f"{path} would be both {other} and {role}: one would destroy the other. Give one "
                "of them another name."
            )


async def _greet(client: AsyncClient) -> BundleInfo:
    info = await client.bundle()
    await client.run(learn_limits(client.terms))
    return info


async def _ask(
    client: AsyncClient, job: Job, tiles: Sequence[Tile], ledger: Ledger, options: Options
) -> Asked:
    with shown(len(tiles), quiet=options.quiet, timeout_s=options.timeout) as progress:
        return await ask_all(client, job, tiles, ledger, progress)


def _finish(
    options: Options, tiles: Sequence[Tile], ledger: Ledger, asked: Asked, info: BundleInfo
) -> int:
    failures = asked.failures(tiles)
    verdicts: Counter[str] = Counter()
    table = Table(options.command, info.latent_dim)
    with writing(options.out):
        write_table(options.out, table, _entries(tiles, ledger, asked, failures, verdicts))
    _list_failures(options, failures)
    # A ledger of the user's own is for the next run as well.
    ledger.close(complete=not failures and options.ledger is None)
    copies = len(asked.digests) - len(set(asked.digests.values()))
    same = f", {copies:,} of them copies of others" if copies else ""
    lines = [f"{len(tiles) - len(failures):,} of {len(tiles):,} tiles{same} -> {options.out}"]
    if options.command == "screen":
        lines.append(", ".join(f"{verdicts[verdict]:,} {verdict}" for verdict in VERDICTS))
    allowed = len(failures) <= options.max_failure_rate * len(tiles)
    return say(*lines, status=DONE if allowed else SOME_FAILED)


def _entries(
    tiles: Sequence[Tile],
    ledger: Ledger,
    asked: Asked,
    failures: Mapping[Tile, Problem],
    verdicts: Counter[str],
) -> Iterator[Entry]:
    for tile in tiles:
        problem = failures.get(tile)
        if problem is None:
            answer = ledger.result(asked.digests[tile])
            if "verdict" in answer:
                verdicts[str(answer["verdict"])] += 1
        else:
            answer = {"error": problem.to_json()}
        yield Entry(tile.file, tile.id, answer)


def _list_failures(options: Options, failures: Mapping[Tile, Problem]) -> None:
    if failures or options.failures:
        with writing(options.failures_file):
            write_failures(options.failures_file, failures)
    else:  # one of an earlier run tells of what is mended now
        options.failures_file.unlink(missing_ok=True)
    if failures:
        print_failures(failures, options.failures_file)


def _stop(options: Options, what: str, error: BaseException, status: int) -> int:
    hint = _hint(options.ledger_file, error)
    warn(f"client: {what}", *([hint] if hint else []))
    return status


def _hint(ledger: Path, error: BaseException) -> str:
    """Say what becomes of the answers that are there already."""
    if isinstance(error, InputUnusable) or not ledger.exists():
        return ""
    if isinstance(error, BundleChanged):
        return f"Delete {ledger} and run again to ask for everything anew."
    return f"The answers so far are in {ledger}; add --resume to go on from there."
