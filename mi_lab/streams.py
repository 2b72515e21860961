"""Streams: one seed, and as many independent sources of random numbers as there are purposes.

Two generators that are made from the same number hold the same numbers.  What is called independent (the weights and
the batches of a member, one member and the next, the half of the held-out samples that chooses and the half that
reports) therefore names its purpose, and gets a stream of its own by NumPy's `SeedSequence`.
"""

import zlib

import numpy as np
from torch import Generator, Tensor


def stream_seed(*purpose: int | str) -> int:
    """Return a seed (63 bits) for a purpose: whole numbers of at least 0, and words."""
    words = [zlib.crc32(p.encode()) if isinstance(p, str) else int(p) for p in purpose]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> 1)


def stream(*purpose: int | str) -> Generator:
    """Return a generator on the CPU for a purpose: the same purpose gives the same numbers, another gives others."""
    return Generator().manual_seed(stream_seed(*purpose))


def digest(*samples: Tensor) -> int:
    """Return a number that tells data sets apart, for noise that must not be the same on all of them."""
    total = 0
    for z in samples:
        rows = z.detach()[:: max(1, len(z) // 64)]
        total = zlib.crc32(rows.cpu().double().numpy().tobytes(), total)
    return total
