"""What a probe, a container and a workload are; effective values."""
