"""Other ways to find lettering, each a script for an interpreter with its packages."""
