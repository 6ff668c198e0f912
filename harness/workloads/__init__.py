"""Pieces of mathematics, each stated once in NumPy and knowing no framework."""
