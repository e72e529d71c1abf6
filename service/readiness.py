"""Positive proof that tiles can be encoded: a probe tile must come back as stored."""

import asyncio
import time

import numpy as np
from numpy.typing import NDArray

from bundle import Bundle
from service.batcher import Batcher
from service.errors import NotReady, QueueFull

_KEEP_S = 1.0
_PATIENCE_S = 5.0


class Readiness:
    """Sends a probe tile through the batcher, at most once a second."""

    def __init__(self, bundle: Bundle, batcher: Batcher, allowed: float) -> None:
        self._tile = np.array(bundle.arrays["probes.npy"][0])
        self._latent = np.array(bundle.arrays["probe_latents.npy"][0])
        self._map = np.array(bundle.arrays["probe_maps.npy"][0])
        self._allowed = allowed
        self._batcher = batcher
        self._asking = asyncio.Lock()
        self._proved_at = -np.inf
        self._difference = 0.0

    async def prove(self) -> float:
        """Return how far the probe's latent and map are from the stored, now or a second ago.

        Raises:
            NotReady: the probe failed, differs, or did not come back in time.
            Draining: the service is about to stop.
        """
        async with self._asking:
            if not self._batcher.alive or time.monotonic() - self._proved_at >= _KEEP_S:
                self._difference = await self._probe()
                self._proved_at = time.monotonic()
            return self._difference

    async def _probe(self) -> float:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                (seen,) = await self._batcher.examine([self._tile])
        except (TimeoutError, QueueFull) as error:
            # A long queue that moves is work, not a fault.
            if time.monotonic() - self._batcher.last_run < _PATIENCE_S:
                return self._difference
            raise NotReady(f"The probe tile did not come back within {_PATIENCE_S:g} s.") from error
        if isinstance(seen, BaseException):
            raise NotReady("The encoder failed on the probe tile.") from seen
        return max(
            self._difference_of(name, found, expected)
            for name, found, expected in (
                ("latent", seen.latent, self._latent),
                ("map", seen.map, self._map),
            )
        )

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
