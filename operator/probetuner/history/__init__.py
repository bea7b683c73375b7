"""Facts folded into what is remembered per container."""
