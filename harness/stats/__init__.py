"""Pure functions over arrays: they know neither tables, files nor frameworks."""
