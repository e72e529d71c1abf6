"""When to stop, as one plain sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from service.reviewing.estimate import LEVEL, Draw, Estimate, estimate, more_needed

SHARE = 0.01
"""Of the tiles that nobody looks at, how many may hold lettering, if nothing else is asked."""
_HOPEFUL = 0.5
"""Of that share: with more than so much left, looking by worth is the shorter way; samples would
have to be very large to show that it is less than the share."""
_CONFIDENCE = f"{LEVEL:.0%}".replace("%", " %")


@dataclass(frozen=True)
class Advice:
    """stop: whether enough was looked at. sample: tiles to sample next, 0 if that does not help."""

    stop: bool
    sentence: str
    sample: int = 0


@dataclass(frozen=True)
class Review:
    """How far a review has come.

    tiles: that nobody has looked at and that would be kept. waiting: that nobody has looked at
    and that would not be kept. found: decided, and not kept. draws: finished samples.
    outside: those of `tiles` that no sample could hold, as they were decided then; each counts as
    one that may hold lettering. unfinished: tiles of the last sample without a decision, of how
    many.
    """

    tiles: int
    waiting: int
    found: int
    draws: Sequence[Draw]
    outside: int = 0
    unfinished: tuple[int, int] = (0, 0)

    @cached_property
    def left(self) -> Estimate | None:
        """How many of `tiles` hold lettering, None before the first finished sample."""
        inside = estimate(self.draws, self.tiles - self.outside)
        if inside is None or not self.outside:
            return inside
        return replace(inside, tiles=self.tiles, high=inside.high + self.outside)

    def recall(self, left: int) -> float | None:
        """Return the share found if so many are left; None where there are none at all."""
        return self.found / (self.found + left) if self.found + left else None


def advice(review: Review, share: float = SHARE) -> Advice:
    """Return what to do next.

    Args:
        review: how far it has come.
        share: of the tiles that nobody looks at, how many may hold lettering.
    """
    left, tiles = review.left, f"{review.tiles:,}"
    if review.unfinished[0]:
        open_, size = review.unfinished
        return Advice(
            False, f"Finish the audit sample: {open_} of its {size} tiles have no decision."
        )
    if not review.tiles:
        return Advice(True, "Stop: every tile that would be kept has been looked at.")
    if left is not None and left.within(share):
        most = f"at most {left.high:,} of {tiles} tiles left hold"
        held = most if left.high else f"none of {tiles} tiles left holds"
        return Advice(
            True, f"Stop: with {_CONFIDENCE} confidence {held} lettering{_recall(review, left)}."
        )
    if left is not None and left.likely > _HOPEFUL * share * review.tiles:
        return Advice(
            False,
            f"Go on looking: about {left.likely:,} of {tiles} tiles left hold lettering "
            f"({_CONFIDENCE} interval {left.low:,} to {left.high:,}).",
        )
    if review.outside > share * review.tiles:
        return Advice(
            False,
            f"Look at the {review.outside:,} tiles that were decided when samples were drawn and "
            "are no longer: no sample can hold them.",
        )
    inside = review.tiles - review.outside
    needed = more_needed(review.draws, inside, share, outside=review.outside)
    more = " more" if review.draws else ""
    return Advice(
        False,
        f"Look at {needed:,}{more} sampled tiles to be able to say that at most {_percent(share)} "
        f"of {tiles} tiles left hold lettering.",
        needed,
    )


def _recall(review: Review, left: Estimate) -> str:
    least = review.recall(left.high) if review.found else None
    # Rounded down: what is promised must hold.
    return "" if least is None else f" (recall at least {int(least * 100) / 100:.2f})"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"
