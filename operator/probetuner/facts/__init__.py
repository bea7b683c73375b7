"""The vocabulary of what was observed, and the reading of the kubelet's words."""
