"""Frameworks that can do the work. Backends do not know each other."""
