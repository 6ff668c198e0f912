"""From a suite to rows: plan the arms, launch workers, hold the session."""
