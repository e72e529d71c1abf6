"""`decide`, `undo`, `decisions`, `import`, `export` and `verify`: decisions about stored tiles."""

import argparse
import sys
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import TextIO

import httpx

from .advice import advised
from .api import Client
from .arguments import Commands, add_service
from .batch.disk import writing
from .cells import harmless, write_csv
from .decisions import DECISIONS, BatchDecided, NewDecision
from .errors import ClientError, InputUnusable, OutcomeUnknown, ServiceRefused
from .exits import BROKEN_OFF, DONE, INTERRUPTED, NOTHING_DONE, READER_GONE, SOME_FAILED
from .exports import Checked, verify
from .retry import Retry
from .saying import mute, say, warn

_COLUMNS = ("id", "state", "reviewer", "decision", "reason", "comment", "at")


def add_commands(commands: Commands) -> None:
    """Add the commands about decisions."""
    asking = {name: commands.add_parser(name, help=text) for name, text in _SUMMARIES.items()}
    for name, command in asking.items():
        command.description = _SUMMARIES[name][0].upper() + _SUMMARIES[name][1:] + "."
        command.epilog = _STATUS
        if name != "verify":
            add_service(command)
            command.add_argument("--reviewer", metavar="NAME", help="in whose name decisions count")
    asking["decide"].add_argument("ids", nargs="+", metavar="ID", help="stored tiles")
    asking["decide"].add_argument("--decision", required=True, choices=DECISIONS)
    asking["decide"].add_argument("--reason", metavar="CODE", help="why, in a word")
    asking["decide"].add_argument("--comment", metavar="TEXT", help="anything else")
    asking["import"].add_argument(
        "table",
        type=Path,
        metavar="CSV",
        help="id, decision, and reason, comment, reviewer if you like; or an export's tiles.csv",
    )
    asking["import"].add_argument(
        "--partial",
        action="store_true",
        help="write the lines that can be used",
    )
    asking["decisions"].add_argument("--out", type=Path, metavar="CSV", help="where to (stdout)")
    asking["export"].add_argument("--out", type=Path, required=True, metavar="FOLDER")
    asking["verify"].add_argument("folder", type=Path, metavar="FOLDER", help="an export")
    asking["verify"].add_argument(
        "--public-key",
        metavar="HEX",
        help="the key that must have signed it; without it nothing shows who made it",
    )
    asking["verify"].add_argument(
        "--bundle", type=Path, metavar="FOLDER", help="the bundle that it must be of"
    )


def is_one(command: str) -> bool:
    """Whether a command is one of these."""
    return command in _SUMMARIES


def run(
    arguments: argparse.Namespace,
    *,
    transport: httpx.BaseTransport | None = None,
    retry: Retry | None = None,
) -> int:
    """Carry out a command and return its exit status; a broken one can be given again."""
    try:
        if arguments.command == "verify":
            return _tell(
                verify(arguments.folder, public_key=arguments.public_key, bundle=arguments.bundle)
            )
        with Client(
            arguments.url,
            api_key=arguments.api_key,
            reviewer=arguments.reviewer,
            retry=retry,
            timeout_s=arguments.timeout,
            transport=transport,
        ) as client:
            return _COMMANDS[arguments.command](client, arguments)
    except ClientError as error:
        warn(f"client: {advised(error)}")
        for one in error.problem.errors if isinstance(error, ServiceRefused) else ():
            warn(f"  {one.where}: {one.message}")
        if isinstance(error, OutcomeUnknown):
            return BROKEN_OFF
    except BrokenPipeError:
        mute(sys.stdout)
        return READER_GONE
    except OSError as error:
        if error.filename is None:
            mute(sys.stdout)
        warn(f"client: {error.filename or 'standard output'}: {error.strerror or error}.")
    except KeyboardInterrupt:
        warn("client: Interrupted.")
        return INTERRUPTED
    return NOTHING_DONE


def _decide(client: Client, arguments: argparse.Namespace) -> int:
    said = (arguments.decision, arguments.reason, arguments.comment)
    return _batch(client.decide_many(NewDecision(tile_id, *said) for tile_id in arguments.ids))


def _import(client: Client, arguments: argparse.Namespace) -> int:
    made = client.import_decisions(arguments.table, partial=arguments.partial)
    stood = f", {made.unchanged:,} stood so already" if made.unchanged else ""
    status = _status(made.written + made.unchanged, len(made.failed))
    status = say(f"{made.written:,} decided{stood}", status=status)
    for line, problem in made.failed.items():
        warn(f"  line {line}: {problem.detail}")
    return status


def _undo(client: Client, _: argparse.Namespace) -> int:
    undone = client.undo()
    if undone.batch is None:
        return say("There is nothing to take back.", status=NOTHING_DONE)
    return _batch(undone, "taken back")


def _batch(made: BatchDecided, what: str = "decided") -> int:
    status = say(f"{made.done:,} {what}", status=_status(made.done, len(made.failed)))
    for tile_id, problem in made.failed.items():
        warn(f"  {tile_id}: {problem.detail} ({problem.code})")
    return status


def _status(done: int, failed: int) -> int:
    if failed and not done:
        return NOTHING_DONE
    return SOME_FAILED if failed else DONE


def _decisions(client: Client, arguments: argparse.Namespace) -> int:
    out: Path | None = arguments.out
    if out is None:
        _list(client, sys.stdout)
        sys.stdout.flush()  # here, where it is known what to do if it cannot be written
        return DONE
    if out.suffix not in ("", ".csv"):
        raise InputUnusable(f"{out} ends in '{out.suffix}'; decisions are written as .csv.")
    whole = StringIO(newline="")
    count = _list(client, whole)  # first, so that a list that is there stays if this fails
    with writing(out):
        out.write_text(whole.getvalue(), encoding="utf-8", newline="")
    return say(f"{count:,} decisions -> {out}", status=DONE)


def _list(client: Client, stream: TextIO) -> int:
    count = 0
    write_csv(stream, [_COLUMNS])
    for tile in client.decisions():
        for made in tile.decisions:
            said = [made.reviewer, made.decision, made.reason, made.comment, made.at]
            write_csv(stream, [map(harmless, (tile.id, tile.state, *said))])
            count += 1
    return count


def _export(client: Client, arguments: argparse.Namespace) -> int:
    with writing(arguments.out):
        found = client.export(arguments.out)
    return _tell(found, f"-> {arguments.out}")


def _tell(found: Checked, *more: str) -> int:
    for sentence in found.wrong:
        warn(f"client: {sentence}")
    lines = []
    counts = ", ".join(f"{number:,} {name}" for name, number in found.manifest["counts"].items())
    if not found.wrong:
        lines.append(f"Files are as the manifest says: bundle {found.manifest['bundle']}, {counts}")
    if found.signed_by:
        lines.append(f"Signed by {found.signed_by}")
    if found.note:
        lines.append(found.note)
    return say(*lines, *more, status=SOME_FAILED if found.wrong else DONE)


_SUMMARIES = {
    "decide": "decide about stored tiles",
    "undo": "take back one's own last batch of decisions",
    "decisions": "list what is decided, and by whom, as CSV",
    "import": "decide as a CSV says, all of its lines or none",
    "export": "fetch the list of decided tiles with its signed manifest",
    "verify": "check an export offline: its files, its bundle, its signature",
}
_STATUS = (
    "exit status: 0 done; 1 nothing was done; 2 not all of it, or an export is not as it was "
    "signed; 3 not known whether it was done; 130 interrupted; 141 nobody reads what is printed"
)
_COMMANDS: Mapping[str, Callable[[Client, argparse.Namespace], int]] = {
    "decide": _decide,
    "undo": _undo,
    "decisions": _decisions,
    "import": _import,
    "export": _export,
}
