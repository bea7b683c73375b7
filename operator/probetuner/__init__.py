"""probetuner: observe, decide, apply and verify Kubernetes probes."""
