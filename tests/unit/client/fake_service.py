"""A Tilescreen service of a few lines, for `httpx.MockTransport`; sizes stand for latents."""

import json
import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import httpx
import numpy as np

from client import Retry

AT_ONCE = Retry(tries=4, first_s=0.0, jitter=lambda: 0.0)
_PART = re.compile(
    rb'name="files"; filename="([^"]*)"\r\nContent-Type: image/png\r\n\r\n(.*?)\r\n--', re.DOTALL
)
Step = httpx.Response | httpx.RequestError


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    """An error as the service gives it."""
    body = {"type": f"urn:x:{code}", "title": code, "status": status, "code": code}
    media = {"Content-Type": "application/problem+json"}
    return httpx.Response(
        status, json={**body, "detail": f"It is {code}."}, headers={**media, **headers}
    )


@dataclass
class FakeService:
    """Answers POSTs by the rules below, after the steps of `script` are used up.

    A tile whose bytes begin with "bad" gets an error of its own; one that begins with
    "poison" makes the whole request a 500, with "cut" the connection breaks. `most_lines`: a
    stream breaks off after so many.
    `asked`: names of the tiles of each POST.
    """

    bundle: str = "b1"
    most_tiles: int = 100
    most_bytes: int = 10**6
    most_lines: int = 10**6
    limits: dict[str, int] | None = None
    script: list[Step] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    pages: dict[str, Any] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.queries.append(str(request.url.raw_path, "ascii"))
        if request.method == "GET":
            return self._get(request.url.raw_path.decode())
        tiles = _PART.findall(request.content)
        self.asked.append([name.decode() for name, _ in tiles])
        if self.script:
            return play(self.script.pop(0), request)
        if any(data.startswith(b"cut") for _, data in tiles):
            raise httpx.ReadError("reset", request=request)
        answer = self._post(request.url.path.strip("/"), tiles)
        return self._formed(answer, request.headers["accept"])

    def _get(self, path: str) -> httpx.Response:
        if path == "/bundle":
            source = {"tiles": 2, "scans": 1, "skipped": {}}
            manifest = {"bundle_id": self.bundle, "latent_dim": 2, "profile": "default"}
            return httpx.Response(200, json={**manifest, "source": source})
        if path == "/limits" and self.limits is not None:
            return httpx.Response(200, json={"bundle": self.bundle, **self.limits})
        if path in self.pages:
            page = self.pages[path]
            if isinstance(page, bytes):
                return httpx.Response(200, content=page)
            return httpx.Response(200, json={"bundle": self.bundle, **page})
        return problem(404, "unknown_tile")

    def _post(self, command: str, tiles: list[tuple[bytes, bytes]]) -> httpx.Response:
        if len(tiles) > self.most_tiles:
            return problem(413, "too_many_tiles")
        if sum(len(data) for _, data in tiles) > self.most_bytes:
            return problem(413, "body_too_large")
        if any(data.startswith(b"poison") for _, data in tiles):
            return problem(500, "internal")
        results = [
            {"index": index, "id": "?", **_answer(command, data)}
            for index, (_, data) in enumerate(tiles)
        ]
        return httpx.Response(200, json={"bundle": self.bundle, "results": results})

    def _formed(self, answer: httpx.Response, accept: str) -> httpx.Response:
        """Give a good answer in the form that was asked for."""
        if not answer.is_success or accept not in {"application/x-npy", "application/x-ndjson"}:
            return answer
        headers = {"Content-Type": accept, "X-Bundle": self.bundle}
        results = answer.json()["results"]
        if accept == "application/x-ndjson":
            lines = [{"bundle": self.bundle, "tiles": len(results)}, *results][: self.most_lines]
            return httpx.Response(200, text="\n".join(map(json.dumps, lines)), headers=headers)
        rows = [one.get("latent", [np.nan, np.nan]) for one in results]
        bad = [str(place) for place, one in enumerate(results) if "error" in one]
        named = {"X-Tile-Errors": f"not_a_png=({' '.join(bad)})"} if bad else {}
        stream = BytesIO()
        np.save(stream, np.array(rows, dtype=np.float32))
        return httpx.Response(200, content=stream.getvalue(), headers={**headers, **named})


def play(step: Step, request: httpx.Request) -> httpx.Response:
    """Give an answer that was made before, or break the connection."""
    if isinstance(step, httpx.RequestError):
        step.request = request
        raise step
    # A copy, since a response can be sent once only.
    return httpx.Response(step.status_code, headers=step.headers, content=step.content)


def _answer(command: str, data: bytes) -> dict[str, Any]:
    if data.startswith(b"bad"):
        return {"error": problem(415, "not_a_png").json()}
    return result(command, float(len(data)))


def result(command: str, size: float) -> dict[str, Any]:
    """A sound result of one tile, without index and id."""
    if command == "encode":
        return {"latent": [size, 0.5]}
    if command == "cluster":
        near = {"label": 3, "distance": size}
        return {"cluster": {"label": -1, "confidence": 0.0, "nearest": near, "reach": 1.0}}
    if command == "screen":
        return _screening(size)
    hit = {"distance": size, "rarity": 0.1, "cluster": None, "scan": "film-a"}
    hits = [{"id": "c1", "rank": 1, **hit}, {"id": "c2", "rank": 2, **hit}]
    return {"self_excluded": False, "neighbors": hits}


def _screening(size: float) -> dict[str, Any]:
    """Lettering and a film edge; up to 10 bytes are a keep, up to 20 a review, more a drop."""
    verdict = "keep" if size <= 10 else "review" if size <= 20 else "drop"
    box = {"left": 1, "top": 2, "right": 3, "bottom": 4}
    alike = [{"id": "c9", "distance": size, "score": 0.75, "scan": None}]
    codes = [] if verdict == "keep" else ["LETTERING", "FILM_EDGE"]
    boxes = {"LETTERING": box, "FILM_EDGE": None}
    return {
        "verdict": verdict,
        "score": 0.5,
        "reasons": [{"code": code, "score": 0.5, "box": boxes[code]} for code in codes],
        "evidence": [{"code": code, "neighbors": alike} for code in codes],
    }
