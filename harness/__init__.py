"""Benchmark and compare PyTorch, JAX, TensorFlow and others on identical, proved work.

Importing this package loads nothing but itself: the command line must answer at once, and only a
worker process ever imports a framework.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
