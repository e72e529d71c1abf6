"""Positive proof that tiles can be encoded and compared.

A probe tile must come back as stored, and the stored tile nearest to it must be the one that
it was when the bundle was fitted.
"""

import asyncio
import time

import numpy as np
from numpy.typing import NDArray

from bundle import Bundle, search
from service.answering.batcher import Batcher
from service.errors import NotReady

_KEEP_S = 1.0
_PATIENCE_S = 5.0
_ROUNDING = 1e-4


class Readiness:
    """Sends a probe tile through the batcher, at most once a second."""

    def __init__(self, bundle: Bundle, batcher: Batcher, allowed: float) -> None:
        self._tile = np.array(bundle.arrays["probes.npy"][0])
        self._latent = np.array(bundle.arrays["probe_latents.npy"][0])
        self._map = np.array(bundle.arrays["probe_maps.npy"][0])
        self._allowed = allowed
        self._neighbor = NeighborProof(bundle, self._latent)
        self._batcher = batcher
        self._asking = asyncio.Lock()
        self._proved_at = -np.inf
        self._difference = 0.0
        self._failed, self._failed_at = "", -np.inf

    async def prove(self) -> float:
        """Return how far the probe's latent and map are from the stored, now or a second ago.

        Raises:
            NotReady: the probe failed, differs, has another neighbour, or is not back in time.
            Draining: the service is about to stop.
        """
        asked = time.monotonic()
        async with self._asking:
            if self._failed_at >= asked:  # while this one waited: or they would queue up
                raise NotReady(self._failed)
            if not self._batcher.alive or time.monotonic() - self._proved_at >= _KEEP_S:
                try:
                    self._difference = await self._probe()
                except NotReady as error:
                    self._failed, self._failed_at = str(error), time.monotonic()
                    raise
                self._proved_at = time.monotonic()
            return self._difference

    def prove_neighbor(self) -> None:
        """Search the nearest tile of the probe as it is stored, without the encoder.

        Raises:
            NotReady: the bundle says another.
        """
        self._neighbor.check(self._latent)

    async def _probe(self) -> float:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                (seen,) = await self._batcher.examine([self._tile], urgent=True)
        except TimeoutError as error:
            # A long queue that moves is work, not a fault.
            if time.monotonic() - self._batcher.last_run < _PATIENCE_S:
                return self._difference
            raise NotReady(f"The probe tile did not come back within {_PATIENCE_S:g} s.") from error
        if isinstance(seen, BaseException):
            raise NotReady("The encoder failed on the probe tile.") from seen
        difference = max(
            self._difference_of(name, found, expected)
            for name, found, expected in (
                ("latent", seen.latent, self._latent),
                ("map", seen.map, self._map),
            )
        )
        await asyncio.to_thread(self._neighbor.check, seen.latent)
        return difference

    def _difference_of(
        self, name: str, found: NDArray[np.float32], expected: NDArray[np.float32]
    ) -> float:
        difference = float(np.abs(found - expected).max(initial=0))
        if not difference <= self._allowed:
            raise NotReady(
                f"The probe tile's {name} differs from the stored one by {difference:.3g}; "
                f"allowed is {self._allowed:.3g}."
            )
        return difference


class NeighborProof:
    """Which stored tile lies nearest to the probe.

    The probe is one of the stored tiles, so its nearest other one is in the graph of the fit.
    """

    def __init__(self, bundle: Bundle, latent: NDArray[np.float32]) -> None:
        """`latent`: (d,) of the probe, as the bundle has it."""
        self._bundle = bundle
        self._itself = int(search(bundle, bundle.scale(latent[None]), 1).rows[0, 0])
        self._row = int(bundle.neighbors[self._itself, 0])
        self._distance = float(bundle.neighbor_distances[self._itself, 0])
        self._point = np.array(bundle.points[self._itself])  # as it is now, whatever comes

    def check(self, latent: NDArray[np.float32]) -> None:
        """Search the nearest other tile of a latent that should be the probe's.

        Raises:
            NotReady: it is another one, and not because both lie equally near.
        """
        point = self._bundle.scale(latent[None])
        found = search(self._bundle, point, 2)
        others = found.rows[0] != self._itself
        row, distance = int(found.rows[0][others][0]), float(found.distances[0][others][0])
        # No distance can change by more than the point itself has moved.
        moved = float(np.linalg.norm(point - self._point))
        if row != self._row and abs(distance - self._distance) > moved + _ROUNDING:
            raise NotReady(
                f"The tile nearest to the probe is {self._bundle.id(row)!r} at {distance:.4g}; "
                f"the bundle says {self._bundle.id(self._row)!r} at {self._distance:.4g}."
            )
