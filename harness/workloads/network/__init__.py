"""Models stated once, as data, with a reference that trains them in float64 by NumPy alone."""
