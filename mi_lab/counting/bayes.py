r"""The entropy of sparse counts by a mixture of Dirichlet laws.

Of cells that hold few rows each, or none, the counts say little, and a prior decides.  A single Dirichlet law
:math:`\prod p_i^{β-1}` fixes the entropy almost before anything is seen, whatever β is; the mixture of nemenman2001
over β makes all entropies equally probable beforehand, nearly.
"""

import numpy as np
from scipy.special import digamma as ψ
from scipy.special import gammaln, logsumexp, polygamma

GRID = 120  # values of β


def mixture_entropy(counts: np.ndarray, cells: int) -> float:
    r"""Return the posterior mean of the entropy of K cells, in nats, from the counts of those that are occupied.

    Given β it is known (wolpert1995),

    .. math:: \E[H \mid β, c] = ψ(n + Kβ + 1) - \sum_i \frac{c_i + β}{n + Kβ}\, ψ(c_i + β + 1),

    and β has the weight of the counts' likelihood times :math:`\mathrm{d}ξ/\mathrm{d}β`, where
    :math:`ξ = ψ(Kβ + 1) - ψ(β + 1)` is the mean of the entropy beforehand.
    """
    c = np.asarray(counts, float)
    c = c[c > 0]
    if cells < 2 or not len(c):
        return 0.0
    n, spare = c.sum(), cells - len(c)
    value, times = np.unique(c, return_counts=True)
    β = np.exp(np.linspace(np.log(1e-4 / cells), np.log(1e4), GRID))
    seen = (times * (gammaln(value + β[:, None]) - gammaln(β)[:, None])).sum(1)
    prior = np.log(np.maximum(cells * polygamma(1, cells * β + 1) - polygamma(1, β + 1), 1e-300))
    weight = gammaln(cells * β) - gammaln(n + cells * β) + seen + prior + np.log(β)  # log β: the grid is even in it
    weight = np.exp(weight - logsumexp(weight))
    here = value + β[:, None]
    mean = ψ(n + cells * β + 1) - ((times * here * ψ(here + 1)).sum(1) + spare * β * ψ(β + 1)) / (n + cells * β)
    return float(weight @ mean)
