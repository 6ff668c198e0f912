"""Words and pictures about results. This room sees the store's tables only, never a backend."""
