"""boxes.json: where something was found on the tiles to drop, in COCO's format."""

from collections.abc import Iterable, Iterator
from typing import cast

import orjson

from bundle.screening import PLACED, REASONS, Code
from service.answering.facts import Fact
from service.answering.screening import in_tile
from service.exports.standing import Standing
from service.state import Serving

NAME = "boxes.json"
_PLACED = REASONS[:PLACED]


def boxes_json(serving: Serving, standings: Iterable[Standing], through: int) -> bytes:
    """Return all stored tiles as images, and the boxes on those to drop as annotations.

    A number of an image is its place in the list of tiles, from 1. A tile that people drop for a
    reason with a place has the box of that alone, also where its score was below the bound.
    """
    bundle = serving.bundle.manifest.bundle_id
    images: list[Fact] = []
    annotations: list[Fact] = []
    for number, one in enumerate(standings, 1):
        height, width = serving.findings.size(one.row)
        name = serving.catalog.ids[one.row]
        images.append({"id": number, "file_name": f"{name}.png", "width": width, "height": height})
        if one.state == "drop":
            for found in _found(serving, one):
                place = {"id": len(annotations) + 1, "image_id": number}
                annotations.append({**place, **found, "by": one.by})
    content = {
        "info": {
            "description": "Where lettering and the like was found on tiles to drop.",
            "version": bundle,
            "bundle": bundle,
            "decisions_through": through,
        },
        "licenses": [],
        "categories": [
            {"id": number, "name": code, "supercategory": "artefact"}
            for number, code in enumerate(REASONS, 1)
        ],
        "images": images,
        "annotations": annotations,
    }
    return orjson.dumps(content)


def _found(serving: Serving, one: Standing) -> Iterator[Fact]:
    findings, row = serving.findings, one.row
    side = serving.bundle.manifest.preprocessing.side
    decided = {event.reason for event in one.opinions} & {*_PLACED}
    told = {reason.code: reason.box for reason in findings.reasons(row) if reason.box}
    boxes = {cast(Code, code): _any_box(serving, row, cast(Code, code)) for code in decided} or told
    for code, box in sorted(boxes.items()):
        if box is None:
            continue
        left, top, right, bottom = in_tile(box, side, findings.size(row))
        width, height = right - left, bottom - top
        yield {
            "category_id": REASONS.index(code) + 1,
            "bbox": [left, top, width, height],
            "area": width * height,
            "segmentation": [[left, top, right, top, right, bottom, left, bottom]],
            "iscrowd": 0,
            "score": float(str(findings.scores[row, REASONS.index(code)])),
        }


def _any_box(serving: Serving, row: int, code: Code) -> tuple[int, int, int, int] | None:
    left, top, right, bottom = serving.findings.boxes[row, _PLACED.index(code)].tolist()
    return (left, top, right, bottom) if right > left and bottom > top else None
