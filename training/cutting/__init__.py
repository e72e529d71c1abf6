"""From scans to tiles: what `tile` is made of."""
