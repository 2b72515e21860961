"""Laws made of others: independent copies side by side, and no dependence at all."""

import numpy as np

from mi_lab.laws.law import Law, count


class Copies(Law):
    r"""k independent copies of a law, side by side: I(X;Y) is k times that of one.

    Parameters
    ----------
    law : Law
    k : int
    """

    def __init__(self, law: Law, k: int):
        self.law, self.k = law, count(k, "k")

    def __repr__(self) -> str:
        return f"Copies({self.law!r}, {self.k})"

    @property
    def dims(self) -> tuple[int, int]:
        return self.k * self.law.dims[0], self.k * self.law.dims[1]

    @property
    def mutual_information(self) -> float:
        return self.k * self.law.mutual_information

    def _draw(self, n, rng):
        drawn = [self.law._draw(n, rng) for _ in range(self.k)]
        return np.hstack([x for x, _ in drawn]), np.hstack([y for _, y in drawn])

    def _log_ratio(self, x, y):
        parts = zip(np.split(x, self.k, axis=1), np.split(y, self.k, axis=1), strict=True)
        return sum(self.law._log_ratio(a, b) for a, b in parts)


class Independent(Law):
    """X from one law, Y from another, independent of each other: I(X;Y) = 0, whatever the columns of X share."""

    mutual_information = 0.0

    def __init__(self, of_x: Law, of_y: Law):
        self.of_x, self.of_y = of_x, of_y

    def __repr__(self) -> str:
        return f"Independent(x of {self.of_x!r}, y of {self.of_y!r})"

    @property
    def dims(self) -> tuple[int, int]:
        return self.of_x.dims[0], self.of_y.dims[1]

    def _draw(self, n, rng):
        return self.of_x._draw(n, rng)[0], self.of_y._draw(n, rng)[1]

    def _log_ratio(self, x, y):
        return np.zeros(len(x))
