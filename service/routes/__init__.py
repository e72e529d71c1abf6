"""The routes, one file per noun, each with its router on top."""
