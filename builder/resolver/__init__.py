"""From inputs to a lock: one run of uv for all targets, then the files that each target can use."""
