"""Whether lettering tells the class, what cleaning changes, and what stands in two places."""
