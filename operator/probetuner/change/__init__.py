"""From a recommendation to a patch: plan, verify, keep or undo."""
