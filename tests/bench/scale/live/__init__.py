"""The operator under a fleet in a real API server, beside the VPA recommender."""
