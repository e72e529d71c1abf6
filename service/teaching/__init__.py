"""Concepts that people teach by examples: kept with the decisions, fitted to the bundle."""
