"""`make after`: whether what probetuner recommends leaves a workload in trouble no worse than it was."""
