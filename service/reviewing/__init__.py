"""What to look at next, how much is left, and when to stop."""
