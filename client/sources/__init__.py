"""Where tiles come from: folders, files, patterns, zip archives, CSV manifests, a list on stdin."""

from .named import find_tiles
from .tile import Tile

__all__ = ["Tile", "find_tiles"]
