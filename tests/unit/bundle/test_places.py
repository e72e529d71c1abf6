"""Which stored tiles lie beside each other in their scan."""

import numpy as np
import pytest

from bundle.places import beside


@pytest.mark.parametrize("spread", [9, 60, 2000], ids=["doubled places", "crowded", "scattered"])
@pytest.mark.parametrize("asked", [{}, {"most": 3}, {"most": 30, "within": 70.5}])
def test_the_nearest_within_a_step_are_beside(spread: int, asked: dict[str, float]) -> None:
    """Each tile in turn, by the definition; scans are longer than what is measured at once."""
    rng = np.random.default_rng(spread)
    scans = rng.choice([-1, 0, 0, 0, 1], 900).astype(np.int32)
    positions = rng.integers(0, spread, (900, 2)).astype(np.int32)
    positions[rng.random(900) < 0.05] = -1
    found = beside(scans, positions, **asked)  # type: ignore[arg-type]
    known = (scans >= 0) & (positions >= 0).all(axis=1)
    away = np.abs(positions[:, None] - positions).max(axis=2)
    away[(scans[:, None] != scans) | ~known | ~known[:, None] | (away == 0)] = 1 << 30
    step = asked.get("within")
    if step is None:
        nearest = [away[(scans == scan) & known].min(axis=1)[:256] for scan in (0, 1)]
        step = np.quantile(np.concatenate(nearest), 0.5, method="lower")
    for row, one in enumerate(away):
        near = [other for other in np.argsort(one, kind="stable") if one[other] <= step]
        kept = near[: found.shape[1]]
        assert found[row].tolist() == kept + [-1] * (found.shape[1] - len(kept))
