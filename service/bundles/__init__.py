"""The bundle that answers: is it proved and unchanged, and how another takes over."""
