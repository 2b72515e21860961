"""Sparse tables of labels: entropies by a mixture of Dirichlet laws, beside the other corrections."""

import json

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import digamma, gammaln, polygamma

from experiments.sparse import FILE, information, laws
from mi_lab import estimate
from mi_lab.counting.bayes import mixture_entropy
from mi_lab.counting.discrete import counts


def test_the_mixture_is_the_integral_over_its_parameter():
    c, cells = np.array([3, 1, 1]), 6
    n = c.sum()

    def weight(b):
        likelihood = gammaln(cells * b) - gammaln(n + cells * b) + sum(gammaln(v + b) - gammaln(b) for v in c)
        return np.exp(likelihood) * (cells * polygamma(1, cells * b + 1) - polygamma(1, b + 1))

    def mean(b):
        every = np.r_[c, np.zeros(cells - len(c))] + b
        total = n + cells * b
        return digamma(total + 1) - (every * digamma(every + 1)).sum() / total

    def whole(f):
        return quad(lambda t: f(np.exp(t)) * np.exp(t), -18, 9, limit=200)[0]

    above, below = whole(lambda b: weight(b) * mean(b)), whole(weight)
    assert mixture_entropy(c, cells) == pytest.approx(above / below, abs=1e-4)
    assert mixture_entropy(np.array([7]), 1) == 0


def test_many_rows_leave_nothing_to_the_prior():
    p = np.array([[0.3, 0.1], [0.05, 0.25], [0.1, 0.2]])
    x, y = np.unravel_index(np.random.default_rng(0).choice(6, 40_000, p=p.ravel()), p.shape)
    z = np.random.default_rng(1).integers(0, 3, 40_000)
    for condition in (None, z):
        assert counts(x, y, condition, "nsb") == pytest.approx(counts(x, y, condition, "miller-madow"), abs=2e-4)
    assert estimate(x.astype(str), y.astype(str), correction="nsb", parts=0).value == counts(x, y, None, "nsb")


def test_corrections_as_measured():
    """Why "adjusted" is the default: right where there is nothing to find; on average over all laws "nsb" is nearer."""
    found = json.loads(FILE.read_text())["fills"]
    nothing = [name for name, p in laws().items() if information(p) < 1e-12]
    assert len(nothing) == 4
    error = lambda rows: float(np.mean([row["error"] for row in rows.values()]))  # noqa: E731
    for fill, of in found.items():
        bias = {e: max(abs(rows[name]["bias"]) for name in nothing) for e, rows in of.items()}
        assert bias["adjusted"] == min(bias.values()), fill
        assert error(of["nsb"]) < error(of["adjusted"]), fill
        assert error(of["adjusted"]) < min(error(of[e]) for e in ("plug-in", "miller-madow", "James and Stein")), fill


@pytest.mark.parametrize("correction", ["adjusted", "nsb"])
def test_a_sparse_table_of_strangers_holds_next_to_nothing(correction):
    """Half a row a cell: the plug-in says .8 nats, Miller and Madow .6."""
    values = []
    for s in range(40):
        x, y = np.random.default_rng(s).integers(0, 10, (2, 50))
        values.append(counts(x, y, correction=correction))
    assert abs(np.mean(values)) < 0.05
    assert counts(x, y, correction="miller-madow") > 0.4
