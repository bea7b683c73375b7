"""A bounded load on one workload, asked for by a person, and what its probes say of it meanwhile.

`plan`, `figures`, `tally`, `impact`, `judge` and `job` are values and arithmetic. `client` and `__main__` are what runs
in the Job's pod and knows no Kubernetes. `target` and `session` do the rest of the I/O.
"""
