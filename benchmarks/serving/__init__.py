"""The service beside peers that serve the same encoder. See benchmarks/README.md."""
