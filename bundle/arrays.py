"""Names for the arrays that cross a border, with their shapes."""

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""(height, width) uint8: one grey picture, 0 black."""

Tiles = NDArray[np.uint8]
"""(n, side, side) uint8: encoder input, grey, 0 black."""

Latents = NDArray[np.float32]
"""(n, d) float32: the encoder's output as it leaves the network, not scaled."""

Maps = NDArray[np.float32]
"""(n, 3, g, g) float32: log-odds of lettering, film edge and mask in each cell of the tile;
(n, 0, 0, 0) from an encoder that makes none."""

Points = NDArray[np.float32]
"""(n, d) float32: latents after the bundle's scaler; distances are taken between these."""

Rows = NDArray[np.int32]
"""(n, k) int32: row numbers of stored tiles. Never shown to a user: an id is."""

Distances = NDArray[np.float32]
"""(n, k) float32: euclidean distances between points."""
