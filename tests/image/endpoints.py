"""Asks every operation of docs/openapi.json from outside, the pages, and a few wrong questions.

    python tests/image/endpoints.py URL TILES

Prints a line for each, and ends with status 1 where an answer is not what it should be, or where
an operation of the document was not asked.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
PAGES = ("", "review", "screen", "map", "scans", "progress", "teach", "upload", "clusters/0")
TILE, OTHER = "g000007", "g000008"
CSV = "id,decision\ng000009,keep\n"
READ_ONLY = "The new bundle version could not be written"
"""What publishing says in the container, whose bundles are read-only (docs/deployment.md)."""


class Asking:
    """Asks, prints and remembers."""

    def __init__(self, url: str, tiles: Path) -> None:
        self.client = httpx.Client(base_url=url, timeout=20)
        self.asked: list[str] = []
        self.wrong = 0
        self.png = {name: (tiles / f"{name}.png").read_bytes() for name in (TILE, OTHER)}

    def __call__(
        self, wanted: int, pattern: str, question: str, note: str = "", **sent: Any
    ) -> httpx.Response:
        """Ask `METHOD /path`; the answer must have a status, and a text in its body."""
        method, path = question.split(" ", 1)
        answer = self.client.request(method, path, **sent)
        right = answer.status_code == wanted and pattern.encode() in answer.content
        self.asked.append(f"{method} {path.split('?')[0]}")
        print(f"  {question + note:<62} {answer.status_code}{'' if right else ' WRONG'}")
        if not right:
            self.wrong += 1
            print(f"    wanted {wanted} and {pattern!r} in {answer.text[:300]!r}")
        return answer

    def one(self, path: str) -> None:
        """Send a tile."""
        image = {"Content-Type": "image/png"}
        self(200, '"index":0', f"POST {path}", content=self.png[TILE], headers=image)

    def two(self, path: str) -> None:
        """Send a form of two tiles."""
        files = [("files", (f"{name}.png", png, "image/png")) for name, png in self.png.items()]
        self(200, '"index":1', f"POST {path}", " (a form of two)", files=files)


def questions_about_tiles(ask: Asking) -> None:
    """Ask about tiles that are sent, and about stored ones."""
    for path in ("/encode", "/neighbors", "/cluster", "/screen"):
        ask.one(path)
        ask.two(path)
        ask(200, f'"id":"{TILE}"', f"GET {path}/{TILE}")
    ask(200, '"tiles"', "GET /screen?limit=2")
    ask(200, "PNG", f"GET /screen/{TILE}/overlay")
    ask(200, '"tiles"', "GET /tiles?limit=2")
    ask(200, f'"id":"{TILE}"', f"GET /tiles/{TILE}")
    ask(200, "PNG", f"GET /tiles/{TILE}/image")
    ask(200, "PNG", f"GET /tiles/{TILE}/reconstruction")
    ask(200, "PNG", "GET /scans/film00000/picture")
    ask(200, '"clusters"', "GET /clusters")
    ask(200, '"medoid"', "GET /clusters/0")
    ask(200, '"name":"edges"', "PUT /clusters/0/name", json={"name": "edges"})
    inputs = [{"name": "tiles", "datatype": "UINT8", "shape": [1, 32, 32], "data": [9] * 1024}]
    ask(200, '"outputs"', "POST /v2/models/tilescreen/infer", json={"inputs": inputs})


def decisions(ask: Asking) -> None:
    """Decide, undo, import, teach, and hand on what was decided."""
    ask(200, '"state":"drop"', f"PUT /tiles/{TILE}/decision", json={"decision": "drop"})
    ask(200, '"seq":', f"GET /tiles/{TILE}/decision?history=true")
    ask(200, '"state":null', f"DELETE /tiles/{TILE}/decision")
    ask(200, '"batch"', "POST /decisions", json={"ids": [TILE, OTHER], "decision": "drop"})
    ask(200, '"total":2', "GET /decisions")
    ask(200, '"last"', "GET /decisions/undo")
    ask(200, '"undone"', "POST /decisions/undo")
    csv = {"Content-Type": "text/csv"}
    ask(200, '"written":1', "POST /decisions/import", content=CSV, headers=csv)
    ask(200, '"reviewers"', "GET /decisions/agreement")
    ask(200, '"tiles"', "GET /review/tiles?limit=2")
    ask(200, '"ids"', "POST /review/tiles", json={"ids": [TILE]})
    ask(200, '"found"', f"GET /review/tiles/{TILE}")
    ask(200, '"undecided"', "GET /review/budget?budget=5")
    drawn = ask(200, '"draw"', "POST /review/sample?size=5").json()["draw"]
    # Of a network that was hardly taught there may be no tile to keep, and so none to draw.
    told = (200, '"draw"') if drawn else (404, '"unknown_sample"')
    ask(*told, f"GET /review/samples/{drawn or 1}")
    ask(200, '"looked_at"', "GET /review/progress")
    ask(200, "", "GET /review/map")
    ask(200, '"ids"', "GET /review/map/ids")
    ask(200, "", "GET /review/map/states")
    ask(200, '"concept"', "PUT /concepts/grid", json={"verdict": "review"})
    marks = {"positive": [TILE], "negative": [OTHER]}
    ask(200, '"concept"', "POST /concepts/grid/examples", json=marks)
    ask(200, '"concept"', f"DELETE /concepts/grid/examples/{OTHER}")
    ask(200, '"positive"', "GET /concepts/grid")
    ask(200, '"grid"', "GET /concepts")
    ask(200, '"tiles"', "GET /concepts/grid/ranking")
    ask(200, '"tiles"', "GET /concepts/grid/uncertain")
    ask(409, READ_ONLY, "POST /concepts:publish")
    ask(200, '"concept"', "PATCH /concepts/grid", json={"name": "raster"})
    ask(200, '"bundle"', "DELETE /concepts/raster")
    ask(200, "PK", "GET /exports")
    ask(200, TILE, "GET /exports/tiles.csv")
    ask(200, '"images"', "GET /exports/boxes.json")
    ask(200, '"signature"', "GET /exports/manifest.json")
    ask(200, '"ed25519"', "GET /exports/key")


def the_service(ask: Asking) -> None:
    """Ask about the service and its bundle."""
    bundle = ask(200, '"bundle_id"', "GET /bundle").json()["bundle_id"]
    ask(200, '"state":"active"', "GET /bundles")
    ask(200, '"flips":0', f"GET /bundles/{bundle}/diff/{bundle}")
    ask(200, '"lasting":true', f"POST /bundles/{bundle}:activate")
    ask(200, '"drift"', "GET /bundle/drift")
    ask(200, '"request_tiles"', "GET /limits")
    ask(200, "tilescreen_", "GET /metrics")
    for path, word in (("/livez", "alive"), ("/healthz", "alive"), ("/readyz", "ready")):
        ask(200, word, f"GET {path}")
    for path in ("", "/health/live", "/health/ready", "/models/tilescreen"):
        ask(200, "{", f"GET /v2{path}")
    ask(200, "", "GET /v2/models/tilescreen/ready")


def pages(ask: Asking) -> None:
    """Open every page, and each style sheet and script that one names."""
    named = set[str]()
    for name in PAGES:
        answer = ask(200, "<html", f"GET /view/{name}" if name else "GET /")
        named |= set(re.findall(r'(?:href|src)="(/static/[^"]+)"', answer.text))
    ask(200, TILE, f"GET /view/tiles/{TILE}")
    ask(200, "<html", "GET /docs")
    for path in sorted(named):
        ask(200, "", f"GET {path}")


def wrong_questions(ask: Asking) -> None:
    """Ask what cannot be answered."""
    image = {"Content-Type": "image/png"}
    ask(404, '"unknown_tile"', "GET /neighbors/g999999")
    ask(404, '"unknown_route"', "GET /nothing")
    ask(400, '"empty_tile"', "POST /encode", " (nothing)", content=b"", headers=image)
    ask(415, '"not_a_png"', "POST /encode", " (no PNG)", content=b"FROM", headers=image)
    ask(422, "query.k", f"GET /neighbors/{TILE}?k=0")


def left(asked: list[str]) -> list[str]:
    """Return the operations of the document that were not asked; tell of how many were."""
    paths = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
    routes = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
    patterns = {route: re.sub(r"{.*?}", "[^/]+", route) for route in routes}
    missed = [
        route
        for route, pattern in patterns.items()
        if not any(re.fullmatch(pattern, one) for one in asked)
    ]
    print(f"  {len(routes) - len(missed)} of {len(routes)} operations of docs/openapi.json asked")
    return missed


def main() -> int:
    """Ask everything."""
    _, url, tiles = sys.argv
    ask = Asking(url, Path(tiles))
    for part in (questions_about_tiles, decisions, the_service, pages, wrong_questions):
        part(ask)
    missed = left(ask.asked)
    print(*(f"  not asked: {route}" for route in missed), sep="\n", end="")
    return int(bool(ask.wrong or missed))


if __name__ == "__main__":
    sys.exit(main())
