r"""Counts that are made chunk by chunk: exact, and two of them add up to the counts of both.

The estimates of labels depend on the rows through their table alone, so that a sum over chunks is all that is needed:
the memory is that of the cells that occur, whatever the number of rows.
"""

from collections.abc import Iterable

import numpy as np

from mi_lab.tables.kinds import Column

MOST_CELLS = 1 << 22  # cells that are kept at most: 64 MB for a pair of columns


class LabelCounts:
    """How often each combination of labels of some columns occurs.

    Parameters
    ----------
    columns : sequence
        The columns' names.

    Attributes
    ----------
    n : int
        Rows counted.
    labels : list of dict
        For each column, label -> its code, in the order in which labels were met.
    cells : ndarray (cells, columns)
        Codes of the combinations that occur.
    count : ndarray (cells,)
        How often.

    Examples
    --------
    >>> total = LabelCounts(["town", "party"])
    >>> for chunk in table.chunks():
    ...     total.add(columns_of(chunk))
    """

    def __init__(self, columns: Iterable):
        self.columns = list(columns)
        self.labels: list[dict] = [{} for _ in self.columns]
        self.cells = np.empty((0, len(self.columns)), np.int64)
        self.count = np.empty(0, np.int64)

    @property
    def n(self) -> int:
        return int(self.count.sum())

    def add(self, columns: list[Column]) -> None:
        """Count the rows of a chunk, columns without gaps."""
        codes = [self._coded(j, *labelled(c)) for j, c in enumerate(columns)]
        self._put(np.stack(codes, 1), np.ones(len(codes[0]), np.int64))

    def add_values(self, codes: np.ndarray) -> None:
        """Count rows of numbers (n, columns) that serve as labels, such as bins."""
        out = []
        for j in range(codes.shape[1]):
            seen, which = np.unique(codes[:, j], return_inverse=True)
            out.append(self._coded(j, which.reshape(-1), tuple(seen.tolist())))
        self._put(np.stack(out, 1), np.ones(len(codes), np.int64))

    def __add__(self, other: "LabelCounts") -> "LabelCounts":
        if self.columns != other.columns:
            raise ValueError(f"these are counts of {self.columns} and of {other.columns}: only the same can be added.")
        out = LabelCounts(self.columns)
        for one in (self, other):
            codes = [out._coded(j, one.cells[:, j], tuple(labels)) for j, labels in enumerate(one.labels)]
            out._put(np.stack(codes, 1), one.count)
        return out

    def table(self, *sides: list[int]) -> tuple[list[np.ndarray], np.ndarray]:
        """Return a code for each cell and side (a list of columns), in the order of the labels, and the cells' counts.

        They are what `mi_lab.counting.discrete.counts` takes, with ``weights``.
        """
        ranked = np.empty_like(self.cells)
        for j, labels in enumerate(self.labels):
            names = list(labels)
            place = np.empty(len(names), np.int64)
            place[_order(names)] = np.arange(len(names))
            ranked[:, j] = place[self.cells[:, j]] if len(names) else 0
        return [_joint(ranked[:, side]) for side in sides], self.count

    def _coded(self, j: int, local: np.ndarray, labels: tuple) -> np.ndarray:
        """Return the codes that this table has for a chunk's own, new labels numbered on."""
        known = self.labels[j]
        there = np.zeros(len(labels), bool)
        there[local] = True
        translate = np.zeros(len(labels), np.int64)
        for i in np.flatnonzero(there):
            translate[i] = known.setdefault(labels[i], len(known))
        return translate[local]

    def _put(self, codes: np.ndarray, weights: np.ndarray) -> None:
        codes, weights = np.concatenate([self.cells, codes]), np.concatenate([self.count, weights])
        sizes = [max(1, len(labels)) for labels in self.labels]
        if float(np.prod(np.array(sizes, float))) < 2**62:
            key = np.ravel_multi_index(tuple(codes.T), sizes)
            seen, which = np.unique(key, return_inverse=True)
            cells = np.stack(np.unravel_index(seen, sizes), 1)
        else:
            cells, which = np.unique(codes, axis=0, return_inverse=True)
        count = np.zeros(len(cells), np.int64)
        np.add.at(count, which.reshape(-1), weights)
        self.cells, self.count = cells, count  # side by side: a Ctrl-C before leaves the counts as they were
        if len(self.cells) > MOST_CELLS:
            raise ValueError(
                f"the labels of {', '.join(map(repr, self.columns))} make more than {MOST_CELLS} different rows in the "
                f"first {self.n}: labels that hardly come back tell nothing and fill the memory; take fewer columns, "
                'or say kinds={…: "number"}.'
            )


def labelled(c: Column) -> tuple[np.ndarray, tuple]:
    """Return codes (n,) of a column's own labels, and these: words, or its different numbers."""
    if c.labels:
        return c.values.astype(np.int64), c.labels
    seen, which = np.unique(c.values, return_inverse=True)
    return which.reshape(-1), tuple(seen.tolist())


def _order(names: list) -> list[int]:
    """Return the order in which a whole column's labels would be numbered."""
    try:
        return sorted(range(len(names)), key=lambda i: names[i])
    except TypeError:
        return sorted(range(len(names)), key=lambda i: (str(names[i]), type(names[i]).__name__))


def _joint(codes: np.ndarray) -> np.ndarray:
    _, which = np.unique(codes[:, 0] if codes.shape[1] == 1 else codes, axis=0, return_inverse=True)
    return which.reshape(-1)


def dense(v: np.ndarray) -> np.ndarray:
    """Return codes (n,) without a gap, in the same order."""
    return np.unique(v, return_inverse=True)[1].reshape(-1)


def halves(count: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the counts of a half of the rows drawn by chance, and of the other: no row is needed for that.

    Their law is the multivariate hypergeometric one, cell by cell.
    """
    n = int(count.sum())
    if n < 1_000_000_000:  # numpy's limit
        half = rng.multivariate_hypergeometric(count, n // 2, method="marginals")
    else:  # each row by a coin of its own: the half's size then varies by √n / 2
        half = rng.binomial(count, 0.5)
    return half, count - half
