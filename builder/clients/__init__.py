"""The ways to get a Flutter client, one module each: pure functions."""
