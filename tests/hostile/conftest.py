"""The real cluster, for attacks that need one: the fixtures are those of the other cluster tests."""

from cluster.conftest import crds, installed, space

__all__ = ["crds", "installed", "space"]
