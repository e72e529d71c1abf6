"""The report's charts, each with the sentence that reads it."""

from dataclasses import dataclass

import numpy as np

from bundle.bundle import Bundle
from bundle.manifest import Manifest
from training.indexing.cluster import STUDY_EPS
from training.reporting.charts import Chart, Drawing, Line, Mark, draw


@dataclass(frozen=True)
class Figure:
    """One or two charts side by side under a sentence computed from the data."""

    reading: str
    drawings: list[Drawing]


def loss_figure(manifest: Manifest) -> Figure | None:
    """Draw the loss of both sets by epoch, the best epoch marked; None without a history."""
    training, validation = manifest.history.get("loss"), manifest.history.get("val_loss")
    if not training:
        return None
    epochs = np.arange(1.0, len(training) + 1)
    lines = [Line("training", epochs, np.array(training), "first", dots=True)]
    watched = validation or training
    if validation:
        x = np.arange(1.0, len(validation) + 1)
        lines.append(Line("validation", x, np.array(validation), "second", dots=True))
    best = int(np.argmin(watched)) + 1
    name = "validation" if validation else "training"
    reading = (
        f"The best {name} loss is {min(watched):.4g}, reached in epoch {best} of {len(training)}."
    )
    marks = [Mark(f"best: epoch {best}", best)]
    chart = Chart("Loss", "epoch", "loss", lines, marks, counted="x")
    return Figure(reading, [draw(chart)])


def eps_figure(bundle: Bundle) -> Figure:
    """Draw the k-distance curve and what DBSCAN makes of the tiles at each eps."""
    settings = bundle.manifest.dbscan.settings
    chosen, samples = float(str(settings["eps"])), int(str(settings["min_samples"]))
    curve = np.asarray(bundle.arrays["k_distances.npy"])
    share = np.linspace(0, 100, len(curve))
    ordinal = f"distance to tile number {samples}, itself counted"
    marks = [Mark(f"chosen eps {chosen:.3g}", chosen)]
    marks += [Mark(f"study's {eps}", eps, "study") for eps in STUDY_EPS]
    across = [Mark(mark.label, mark.at, mark.kind, "y") for mark in (marks[0], marks[-1])]
    eps, noise, clusters = np.asarray(bundle.arrays["eps_sweep.npy"]).T
    drawings = [
        Chart("k-distance curve", "tiles, %", ordinal, [Line("", share, curve)], across),
        Chart(
            "Noise against eps",
            "eps",
            "noise, % of tiles",
            [Line("", eps, noise * 100, dots=True)],
            marks,
            log_x=True,
            y_range=(0, 100),
        ),
        Chart(
            "Clusters against eps",
            "eps",
            "clusters",
            [Line("", eps, clusters, dots=True)],
            marks,
            log_x=True,
            counted="y",
        ),
    ]
    return Figure(_read_sweep(bundle, chosen), [draw(chart) for chart in drawings])


def noise_at(bundle: Bundle, eps: float) -> tuple[float, bool]:
    """Return the noise share at an eps and whether the sweep holds just that eps.

    Between two values of the sweep the share is interpolated over the logarithm of eps.
    """
    steps, noise, _ = np.asarray(bundle.arrays["eps_sweep.npy"], dtype=np.float64).T
    exact = np.flatnonzero(np.isclose(steps, eps, rtol=1e-5))
    if len(exact):
        return float(noise[exact[0]]), True
    return float(np.interp(np.log(eps), np.log(steps), noise)), False


def _read_sweep(bundle: Bundle, chosen: float) -> str:
    curve = np.asarray(bundle.arrays["k_distances.npy"])
    study = STUDY_EPS[-1]
    noise, exact = noise_at(bundle, study)
    about = bundle.manifest.dbscan
    clusters = f"{about.clusters} cluster" + ("" if about.clusters == 1 else "s")
    return (
        f"At eps {study}, the study's, {'' if exact else 'about '}{percent(noise)} of the tiles "
        f"are noise; at {chosen:.3g}, chosen from the k-distance curve, "
        f"{percent(about.noise_share)} are, and the rest form {clusters}. Half of the tiles have "
        f"fewer than {about.settings['min_samples']} tiles, themselves counted, within "
        f"{float(np.median(curve)):.3g}."
    )


def percent(share: float) -> str:
    """Return a share as text: whole per cent, a tenth near the ends, never 0 for a little."""
    value = 100 * share
    if 0 < value < 1 or 99 < value < 100:  # noqa: PLR2004
        value = min(max(value, 0.1), 99.9)
        return f"{value:.1f} %"
    return f"{value:.0f} %"
