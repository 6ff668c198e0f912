"""Runs on disk: rows, the journal, atomic Parquet, the manifest."""
