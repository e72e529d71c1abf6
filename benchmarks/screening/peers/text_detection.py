"""RapidOCR (PP-OCRv4): text found and read in a tile, upright and turned by a quarter."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rapidocr_onnxruntime import RapidOCR

from benchmarks.screening.peers import exchange
from benchmarks.screening.peers.exchange import Answer, Tiles


def load(option: str) -> Callable[[Tiles], Answer]:
    """Return the peer; `option` is the side in pixels at which text is looked for."""
    reader = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1, det_box_thresh=0.0)
    reader.text_det.limit_side_len = int(option)
    reader.text_det.postprocess_op.box_thresh = 0.0  # rank every box, not the sure ones only

    def find(tiles: Tiles) -> Answer:
        found = np.array([look(reader, tile) for tile in tiles], dtype=np.float32)
        best, read, area = found.T
        return Answer(
            {
                "best box": best,
                "best reading": read,
                "best box and reading": best * read,
                "share of the tile in boxes": area,
            }
        )

    return find


def look(reader: RapidOCR, tile: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Return the best box's score, the best reading's, and the boxes' share of the tile."""
    colour = np.repeat(tile[..., None], 3, axis=2)
    turned = (colour, np.ascontiguousarray(np.rot90(colour)))
    found = np.array([_look(reader, picture) for picture in turned])
    best, read, area = found.max(axis=0).tolist()
    return best, read, area


def _look(reader: RapidOCR, picture: NDArray[np.uint8]) -> tuple[float, float, float]:
    detector = reader.text_det
    height, width = picture.shape[:2]
    maps = detector.infer(detector.get_preprocess(max(height, width))(picture))[0]
    boxes, scores = detector.postprocess_op(maps, (height, width))
    if not len(boxes):
        return 0.0, 0.0, 0.0
    kept = detector.filter_tag_det_res(boxes, (height, width))
    read = 0.0
    if len(kept):
        cut = reader.get_crop_img_list(picture, reader.sorted_boxes(kept))
        cut = reader.text_cls(cut)[0]
        read = max((float(score) for text, score in reader.text_rec(cut)[0] if text), default=0.0)
    return max(map(float, scores)), read, sum(map(_area, boxes)) / (height * width)


def _area(box: NDArray[np.float32]) -> float:
    """Return a box's area by the shoelace formula; box is (4, 2)."""
    x, y = np.asarray(box, dtype=np.float64).T
    return float(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)


if __name__ == "__main__":
    exchange.answer(load)
