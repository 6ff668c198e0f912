"""Timing and checking. Knows neither workloads nor frameworks; the clock is a parameter."""
