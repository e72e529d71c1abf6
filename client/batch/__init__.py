"""Many tiles from somewhere into a table, whatever happens on the way."""
