"""Templates and static files: what turns a page's data into bytes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.answering.screening import score_words
from service.pages.captions import cluster_name, percent
from service.pages.verdicts import caveats
from service.state import Serving

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True)
class Asset:
    """A static file in memory. version: a hash of it, so that browsers may keep it for good."""

    content: bytes
    media_type: str
    version: str


def _asset(file: Path) -> Asset:
    content = file.read_bytes()
    return Asset(content, _TYPES[file.suffix], hashlib.sha256(content).hexdigest()[:12])


ASSETS = {file.name: _asset(file) for file in (_HERE / "static").iterdir() if file.suffix in _TYPES}


def segment(text: str) -> str:
    """Quote text to be one segment of a path, slashes included."""
    return quote(text, safe="")


def _asset_url(name: str) -> str:
    return f"/static/{name}?v={ASSETS[name].version}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        percent=percent, segment=segment, cluster_name=cluster_name, score=score_words
    )
    environment.globals["asset"] = _asset_url
    return environment


_ENVIRONMENT = _environment()


@dataclass(frozen=True)
class Summary:
    """What the head of every page says about the bundle."""

    bundle_id: str
    profile: str
    tiles: int
    scans: int
    clusters: int
    stray_share: float
    side: int
    dim: int
    pairs: int
    example: str
    max_files: int
    max_megabytes: int
    caveats: list[str]
    keys: bool


def summary_of(serving: Serving) -> Summary:
    """Gather what every page says about the bundle and the limits."""
    bundle, settings = serving.bundle, serving.settings
    manifest = bundle.manifest
    return Summary(
        bundle_id=manifest.bundle_id,
        profile=manifest.profile,
        tiles=len(bundle),
        scans=manifest.source.scans,
        clusters=manifest.clustering.clusters,
        stray_share=manifest.clustering.noise_share,
        side=manifest.preprocessing.side,
        dim=manifest.latent_dim,
        pairs=len(bundle.arrays["random_distances.npy"]),
        example=bundle.id(0),
        max_files=settings.max_client_batch,
        max_megabytes=settings.max_body_bytes // 2**20,
        caveats=caveats(manifest.screening),
        keys=settings.has_keys,
    )


def render(serving: Serving, template: str, *, status: int = 200, **data: object) -> HTMLResponse:
    """Fill a template of `service/pages/templates`; everything in it is escaped."""
    html = _ENVIRONMENT.get_template(template).render(summary=summary_of(serving), **data)
    return HTMLResponse(html, status)


def missing(serving: Serving, title: str, detail: str, *, status: int = 404) -> HTMLResponse:
    """Say in a page what there is not, or cannot be shown, and why."""
    return render(
        serving, "missing.html", status=status, title=title, detail=detail, near=(), remedy=""
    )


def render_alone(template: str, *, status: int = 200, **data: object) -> HTMLResponse:
    """Fill a template that tells nothing of the bundle, for who has not signed in."""
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(**data), status)
