"""What the service tells of itself to those who run it."""

from dataclasses import asdict

from fastapi import Request, Response

from service.answering.envelope import enveloped
from service.deps import ServingDep
from service.observing import metrics
from service.observing.drift import QUANTILES, WINDOW, Figures
from service.openapi.described import exposition, problems
from service.requests.queries import Router
from service.schemas import DriftReport
from service.state import Serving

router = Router(tags=["service"])


@router.get("/bundle/drift", response_model=DriftReport, responses=problems())
async def drift(serving: ServingDep) -> Response:
    """Tell whether the last tiles that were sent are like those of the fit."""
    found = await _figures(serving)
    return enveloped(
        serving,
        drift=found.verdict,
        sentence=found.sentence,
        window=WINDOW,
        quantiles=QUANTILES,
        **asdict(found),
    )


@router.get("/metrics", response_class=Response, responses={**exposition(), **problems()})
async def prometheus(request: Request, serving: ServingDep) -> Response:
    """Give all metrics to Prometheus, in its text format or OpenMetrics."""
    _set_drift(await _figures(serving))
    body, kind = await serving.apart(metrics.exposition, request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": kind, "Cache-Control": "no-store"})


async def _figures(serving: Serving) -> Figures:
    return await serving.apart(serving.drift.figures, serving.drift.latents())


def _set_drift(found: Figures) -> None:
    metrics.DRIFT_TILES.set(found.tiles)
    for name, distances in (("usual", found.usual), ("seen", found.seen)):
        for quantile, distance in zip(QUANTILES, distances, strict=False):
            metrics.DRIFT_DISTANCE.labels(name, quantile).set(distance)
    if found.population_stability is not None:
        metrics.DRIFT_STABILITY.set(found.population_stability)
