"""The division of a cluster's namespaces among several operators."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

_WRITTEN = re.compile(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` shares of the namespaces, counted from 1; one of one is all of them."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read INDEX/COUNT, such as 2/5. Raises ValueError with a sentence for the user."""
        found = _WRITTEN.fullmatch(text)
        if found is None or int(found[1]) > int(found[2]):
            raise ValueError(f"{text!r} is no shard; write INDEX/COUNT, such as 2/5, with an index from 1 to the count")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def covers(self, namespace: str) -> bool:
        """Whether a namespace is in this share. It is in exactly one of as many, in every process and version.

        The remainder of a hash moves most namespaces when the count changes. Rendezvous hashing would move fewer, and
        gain nothing: all shards of the old count have ended before one of the new begins (`cluster.siblings`).
        """
        if self.count == 1:
            return True
        digest = sha256(namespace.encode()).digest()
        return int.from_bytes(digest[:8]) % self.count == self.index - 1

    def part_of(self, limit: int) -> int:
        """This share's part of what there may be in the whole cluster; the parts of all shares add up to it."""
        return limit // self.count + (self.index <= limit % self.count)


WHOLE = Shard()
"""All namespaces."""
