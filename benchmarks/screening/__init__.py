"""How well other ways find lettering tiles, and how well ours does, on the same tiles."""
