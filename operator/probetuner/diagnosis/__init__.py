"""From history to findings."""
