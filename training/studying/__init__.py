"""The study's pipeline and its flaws: what `study` is made of."""
