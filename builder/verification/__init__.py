"""Builds again in other surroundings: what was varied, what differs, where, and why."""
