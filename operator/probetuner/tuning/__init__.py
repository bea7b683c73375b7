"""From findings and history to a recommendation."""
