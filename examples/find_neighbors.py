"""Print the stored tiles nearest to a tile: python examples/find_neighbors.py URL TILE.

TILE is a PNG file, or the id of a stored tile.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository's root, where client/ is

from client import Client, ClientError

try:
    url, tile = sys.argv[1:]
except ValueError:
    sys.exit(__doc__)

try:
    with Client(url) as client:
        found = client.neighbors(tile) if tile.endswith(".png") else client.neighbors_of(tile)
except ClientError as error:
    sys.exit(str(error))

for hit in found.neighbors:
    closer = f"{hit.rarity:.1%} of random pairs lie closer"
    print(f"{hit.rank}. {hit.id}  distance {hit.distance:.2f}, {closer}, scan {hit.scan}")
