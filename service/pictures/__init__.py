"""Pictures the service draws, as PNG bytes."""
