"""Verdicts in formats that other programs read: one small module a format."""
