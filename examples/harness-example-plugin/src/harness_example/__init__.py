"""A backend and a workload for the harness, in a package of their own."""
