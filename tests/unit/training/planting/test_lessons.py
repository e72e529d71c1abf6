"""Lessons: what the network is told of a tile."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from training.planting.annotations import KINDS as PLANTED
from training.planting.distractors import KINDS as DISTRACTING
from training.planting.grounds import NO, UNSAID, YES, Ground
from training.planting.lessons import (
    CELL,
    Lesson,
    can_be_told,
    make_lesson,
    synthetic_tiles,
)
from training.planting.plant import Wanted, plant
from training.planting.wear import Worn

SIDE = 64


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def ground(*, rim: bool = False) -> Ground:
    grain = seeded(0).uniform(0.38, 0.42, (SIDE, SIDE))
    return Ground(grain.astype(np.float32), rim)


@cache
def lessons() -> tuple[Lesson, ...]:
    """Half on a ground, half on synthetic film."""
    return tuple(
        make_lesson(seeded(seed), ground() if seed % 2 else None, SIDE) for seed in range(200)
    )


def planted(lesson: Lesson) -> bool:
    return lesson.kind in PLANTED


def test_a_lesson_is_a_tile_and_three_grids_of_cells():
    """A tile is uint8 of the side, its cells say NO, YES or UNSAID for each of three layers."""
    for lesson in lessons():
        assert lesson.tile.shape == (SIDE, SIDE)
        assert lesson.cells.shape == (SIDE // CELL, SIDE // CELL, 3)
        assert lesson.tile.dtype == lesson.cells.dtype == np.uint8
        assert set(np.unique(lesson.cells)) <= {NO, YES, UNSAID}


def test_the_verdict_follows_from_the_cells():
    """YES has a cell that says so, NO none that says anything, UNSAID a planting and no YES."""
    for lesson in lessons():
        lettering = lesson.cells[..., 0]
        assert (lesson.lettering == YES) == bool((lettering == YES).any())
        if lesson.lettering == NO:
            assert not lettering.any()
        assert planted(lesson) == (lesson.lettering != NO)


def test_all_verdicts_and_both_sorts_of_kinds_come():
    """There is something to learn of each: letters, none, doubtful ones, and distractors."""
    assert {lesson.lettering for lesson in lessons()} == {NO, YES, UNSAID}
    names = {name for lesson in lessons() for name in lesson.kind.split("+")}
    assert names <= {*PLANTED, *DISTRACTING, "plain"}
    assert names & set(PLANTED)
    assert names & set(DISTRACTING)


def test_edges_and_masks_have_layers_of_their_own():
    """A film edge or mask marks its layer; a lesson without either marks neither."""
    for lesson in lessons():
        if planted(lesson):
            continue  # what distracts is not told then
        for layer, kind in ((1, "film_edge"), (2, "mask")):
            if kind not in lesson.kind:
                assert not lesson.cells[..., layer].any()
    assert any((lesson.cells[..., 1] == YES).any() for lesson in lessons())
    assert any((lesson.cells[..., 2] == YES).any() for lesson in lessons())


def test_at_the_rim_nothing_is_said_of_edges_and_masks():
    """The film's own edge may be there: only what was drawn is told, and NO is never said."""
    for seed in range(40):
        cells = make_lesson(seeded(seed), ground(rim=True), SIDE).cells
        assert not (cells[..., 1:] == NO).any()


def test_a_ground_is_turned_and_left_as_it_is():
    """Lessons on one ground differ, and the ground stays."""
    one = ground()
    before = one.pixels.copy()
    tiles = {make_lesson(seeded(seed), one, SIDE).tile.tobytes() for seed in range(10)}
    assert len(tiles) == 10
    assert np.array_equal(one.pixels, before)


@pytest.mark.parametrize("detail", [1.0, 0.01])
def test_letters_can_be_told_unless_wear_took_them(detail: float):
    """Strong large letters can be told; not where little of the resolution is left."""
    clean = np.full((SIDE, SIDE), 80, np.uint8)
    tile = (clean / 255).astype(np.float32)
    some = [plant(seeded(seed), tile, Wanted("letters", 40, 0.6)) for seed in range(20)]
    worn = [Worn((one.pixels * 255).astype(np.uint8), detail) for one in some]
    told = [can_be_told(one, two, clean) for one, two in zip(some, worn, strict=True)]
    assert any(told) == (detail == 1)


def test_what_does_not_show_cannot_be_told():
    """Where the worn tile is as it would be without the planting there is nothing to tell."""
    clean = np.full((SIDE, SIDE), 80, np.uint8)
    planting = plant(seeded(1), (clean / 255).astype(np.float32), Wanted("letters", 40, 0.6))
    assert not can_be_told(planting, Worn(clean, 1.0), clean)


def test_letters_under_the_paper_of_a_later_annotation_are_not_said_to_be_there():
    """All of this lesson's text lies under the paper that hides the plate planted after it."""
    lesson = make_lesson(seeded(53), ground(), SIDE)
    assert lesson.kind == "text"
    assert not (lesson.cells[..., 0] == YES).any()
    assert lesson.lettering == UNSAID


def test_the_seed_alone_decides():
    """The same seed makes the same lesson, another seed another one."""
    first, again, other = (make_lesson(seeded(seed), ground(), SIDE) for seed in (1, 1, 2))
    assert np.array_equal(first.tile, again.tile)
    assert np.array_equal(first.cells, again.cells)
    assert (first.lettering, first.kind) == (again.lettering, again.kind)
    assert not np.array_equal(first.tile, other.tile)


def test_synthetic_tiles_are_many_and_reproducible():
    """They are uint8 of the side asked for, differ from each other, and follow the seed."""
    tiles = synthetic_tiles(6, SIDE, 3)
    assert tiles.shape == (6, SIDE, SIDE)
    assert tiles.dtype == np.uint8
    assert len({tile.tobytes() for tile in tiles}) == 6
    assert np.array_equal(tiles, synthetic_tiles(6, SIDE, 3))


def test_what_a_ground_is_believed_to_hold_turns_with_it():
    """The bright corner and the cell that tells of it stay on each other."""
    pixels = np.zeros((SIDE, SIDE), np.float32)
    pixels[:CELL, CELL : 2 * CELL] = 1
    believed = np.zeros((SIDE // CELL, SIDE // CELL, 3), np.uint8)
    believed[0, 1, 0] = YES
    for seed in range(40):
        lesson = make_lesson(seeded(seed), Ground(pixels, True, believed, YES), SIDE)
        if lesson.kind == "plain":
            bright = lesson.tile.reshape(SIDE // CELL, CELL, -1, CELL).mean(axis=(1, 3))
            assert lesson.cells[..., 0].ravel()[bright.argmax()] == YES
            assert (lesson.cells[..., 0] == YES).sum() == 1
        assert lesson.lettering == YES


def test_a_doubtful_ground_teaches_nothing_but_what_is_planted():
    """A tile that may hold lettering is YES with a clear planting and otherwise unsaid."""
    doubtful = np.full((SIDE // CELL, SIDE // CELL, 3), UNSAID, np.uint8)
    for seed in range(40):
        lesson = make_lesson(
            seeded(seed), replace(ground(), believed=doubtful, lettering=UNSAID), SIDE
        )
        assert NO not in lesson.cells[..., 0]
        assert lesson.lettering == (YES if (lesson.cells[..., 0] == YES).any() else UNSAID)
