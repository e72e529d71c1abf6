"""Measuring: speed, memory, quality. See benchmarks/README.md."""
