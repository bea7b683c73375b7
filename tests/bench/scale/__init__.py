"""The operator's own hot paths under clusters of several sizes, without a cluster."""
