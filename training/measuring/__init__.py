"""From a bundle and labels to figures: what `evaluate` is made of."""
