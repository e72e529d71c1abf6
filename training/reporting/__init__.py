"""From a bundle to one page: what `report` is made of."""
