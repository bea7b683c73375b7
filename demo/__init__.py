"""The demonstration: two stories of probes that kill what they should protect, cured by probetuner on a real cluster.

Every figure that it prints was measured in the same run.
"""
