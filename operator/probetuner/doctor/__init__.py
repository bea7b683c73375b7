"""Whether the operator can see and do what it needs on a cluster, and which chart value mends what it cannot.

A question that nobody answers is told as one: it is neither well nor wrong.
"""
