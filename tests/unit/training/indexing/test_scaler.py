"""How much each latent counts."""

import numpy as np
import pytest

from training.indexing.scaler import LETTERING_GAP, SURE_FROM, SURE_SLOPE, scale, sureness


def test_dead_latents_are_not_divided_by_nothing() -> None:
    """A latent that never changes becomes 0 with scale 1."""
    latents = np.array([[1.0, 0.3], [2.0, 0.3], [3.0, 0.3]], dtype=np.float32)
    scaler, points = scale(latents)
    assert scaler[1, 1] == 1
    assert points[:, 1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("rare", [0.5, 0.01, 0.0])
def test_lettering_lies_apart_however_rare(rare: float) -> None:
    """Surely lettering and surely none are twice as far apart as two random tiles."""
    rng = np.random.default_rng(3)
    latents = rng.normal(3, 5, (2000, 51)).astype(np.float32)
    latents[:, -1] = np.arange(2000) < 2000 * rare
    scaler, points = scale(latents, latents[:, -1])
    pairs = points[:1000, :-1] - points[1000:, :-1]
    typical = np.sqrt((pairs**2).sum(axis=1).mean())
    assert 1 / scaler[1, -1] == pytest.approx(LETTERING_GAP * typical, rel=0.05)


def test_points_have_what_the_scan_says() -> None:
    """The last of a point is how sure one is of the stored tile; the encoder's view stays."""
    rng = np.random.default_rng(4)
    latents = rng.uniform(0, 1, (50, 4)).astype(np.float32)
    evidence = rng.normal(0, 2, 50).astype(np.float32)
    scaler, points = scale(latents, sureness(evidence))
    alone = (latents - scaler[0]) / scaler[1]
    np.testing.assert_allclose(points[:, :-1], alone[:, :-1], rtol=1e-5, atol=1e-6)
    back = points[:, -1] * scaler[1, -1] + scaler[0, -1]
    np.testing.assert_allclose(
        np.log(back / (1 - back)) / SURE_SLOPE + SURE_FROM, evidence, rtol=1e-2, atol=1e-3
    )
