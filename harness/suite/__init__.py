"""Suites: YAML in, a `Suite` out, every mistake named with its place."""
