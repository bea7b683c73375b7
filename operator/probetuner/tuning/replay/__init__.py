"""The kubelet's prober as a model: what a container that is probed in some way would have gone through."""
