"""How quick probetuner is, next to others at the same work on the same machine."""
