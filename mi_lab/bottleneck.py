r"""The information bottleneck of two discrete variables, exactly: Blahut and Arimoto's alternating minimisation.

Wanted is an encoder q(z|x) that keeps what X tells about Y and forgets the rest of X: one that minimises
:math:`\beta I(X;Z) - I(Z;Y)` (eq-bottleneck, chapter 17).  With a marginal r(z) and a decoder s(y|z) of their own,

.. math:: F(q, r, s) = \beta\,\mathrm E\,D(q(\cdot|X)\,\|\,r) - \mathrm E\log s(Y|Z) \ge \beta I(X;Z) + H(Y|Z)

(eq-bottleneck-functional); each of the three has a best choice in closed form while the two others rest, so F falls
from step to step.  The deep variational bottleneck minimises the same F by gradient descent.

Tishby, Pereira and Bialek (tishby2000) weigh the other term: their multiplier is 1/β.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import entr, log_softmax, rel_entr

MOST = 20_000  # steps of a run, at most


@dataclass(frozen=True)
class Bottleneck:
    """An encoder, and where it stands; informations in nats.

    Attributes
    ----------
    encoder : array (K_x, K_z)
        q(z|x), a row a letter of X.
    beta : float
        The weight it was found for.
    information_x, information_y : float
        I(X;Z), what the code keeps of X, and I(Z;Y), what it tells about Y.
    steps : int
        Steps that the run took which found it.
    """

    encoder: np.ndarray
    beta: float
    information_x: float
    information_y: float
    steps: int

    @property
    def loss(self) -> float:
        """The Lagrangian β I(X;Z) - I(Z;Y), nats."""
        return self.beta * self.information_x - self.information_y


def as_table(p) -> np.ndarray:
    """Return a joint law p(x, y) as a float array (K_x, K_y), or raise a `ValueError` that says what is wrong with it.

    Letters of X without probability are left out: no encoder is asked about them.
    """
    table = np.asarray(p, dtype=float)
    if table.ndim != 2 or not table.size:
        raise ValueError(f"p has shape {table.shape}, wanted a table (letters of X, letters of Y) of probabilities.")
    if not np.isfinite(table).all() or table.min() < 0:
        raise ValueError(f"p holds {table.min():g} as its least entry, wanted probabilities from 0 to 1.")
    if abs(table.sum() - 1) > 1e-6:
        raise ValueError(f"p sums to {table.sum():g}, wanted 1: divide a table of counts by its sum.")
    table = table / table.sum()
    return table[table.sum(1) > 0]


def table_information(p) -> float:
    r"""Return I(X;Y) of a joint law p(x, y), an array (..., K_x, K_y) that sums to one, in nats.

    .. math:: I(X;Y) = \sum_{x,y} p(x,y) \log\frac{p(x,y)}{p(x)\,p(y)}
    """
    p = np.asarray(p, dtype=float)
    return rel_entr(p, p.sum(-1, keepdims=True) * p.sum(-2, keepdims=True)).sum((-2, -1))[()]


def bottleneck_step(p, encoder, beta: float) -> np.ndarray:
    r"""Return the encoder after one step of Blahut and Arimoto.

    .. math:: q'(z|x) \propto q(z)\, e^{-D(p(\cdot|x)\,\|\,q(\cdot|z))/\beta}

    with :math:`q(z) = \sum_x p(x) q(z|x)` and :math:`q(y|z) = \sum_x p(x, y)\, q(z|x) / q(z)`
    (eq-bottleneck-step, chapter 17; tishby2000).

    Parameters
    ----------
    p : array (K_x, K_y)
        Joint law of X and Y; every letter of X has some probability.
    encoder : array (..., K_x, K_z)
        q(z|x); a letter of the code that nobody uses stays unused.
    beta : float
        Weight of I(X;Z), above 0.

    Returns
    -------
    array (..., K_x, K_z)
    """
    p, q = np.asarray(p, dtype=float), np.asarray(encoder, dtype=float)
    p_x = p.sum(1)  # (K_x,)
    q_z = p_x @ q  # (..., K_z)
    with np.errstate(divide="ignore", invalid="ignore"):
        s = np.swapaxes(q, -1, -2) @ p / q_z[..., None]  # q(y|z), (..., K_z, K_y)
        # D(p(.|x) || q(.|z)) but for -H(Y|x), which is the same for all z
        cross = -np.where(p > 0, p / p_x[:, None], 0) @ np.swapaxes(np.log(np.maximum(s, 1e-300)), -1, -2)
        logits = np.log(q_z)[..., None, :] - cross / beta
    logits = np.where(q_z[..., None, :] > 0, logits, -np.inf)
    return np.exp(log_softmax(logits, axis=-1))


def informations(p: np.ndarray, encoder: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return I(X;Z) and I(Z;Y), nats, of encoders (..., K_x, K_z)."""
    joint_x = p.sum(1)[:, None] * encoder  # p(x) q(z|x)
    return table_information(joint_x), table_information(np.swapaxes(encoder, -1, -2) @ p)


def information_bottleneck(
    p, beta: float, size: int | None = None, *, starts: int = 12, seed: int = 0, tol: float = 1e-13, first=None
) -> Bottleneck:
    """Find the encoder that minimises β I(X;Z) - I(Z;Y), by Blahut and Arimoto's steps from several starts.

    The Lagrangian has local minima, so the best of the starts is returned: one that tells all letters apart, others at
    random.  On few letters that finds the minimum; nothing proves it.

    Parameters
    ----------
    p : array (K_x, K_y)
        Joint law of X and Y.
    beta : float
        Weight of what the code keeps of X, at least 0; from 1 on the best code says nothing, at 0 it keeps all that X
        tells about Y.  Tishby's multiplier is 1/β.
    size : int, optional
        Letters of the code; as many as X has if left out, which are enough.
    starts, seed : int
        How many starts, and the seed of the random ones.
    tol : float
        A run ends when a step lowers the Lagrangian by no more than this, in nats.
    first : array (K_x, K_z), optional
        One more start, such as the encoder of a neighbouring β.

    Returns
    -------
    Bottleneck

    Raises
    ------
    ValueError
        If p is no law, β is negative, or there is no start.
    """
    table = as_table(p)
    if not (np.isscalar(beta) and np.isfinite(beta) and beta >= 0):
        raise ValueError(f"beta is {beta!r}, wanted a number of at least 0.")
    size = len(table) if size is None else size
    for name, value in (("size", size), ("starts", starts)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name} is {value!r}, wanted a whole number of at least 1.")
    if first is not None and np.shape(first) != (len(table), size):
        raise ValueError(f"first has shape {np.shape(first)}, wanted ({len(table)}, {size}).")
    rng = np.random.default_rng(seed)
    q = rng.dirichlet(np.full(size, 0.5), size=(starts, len(table)))
    q[0] = np.eye(len(table), size) if size >= len(table) else q[0]
    q = q if first is None else np.concatenate([q, [first]])
    weight = max(float(beta), 1e-9)  # at 0 the limit: every letter to the nearest q(y|z)

    def loss(q):
        kept, told = informations(table, q)
        return weight * kept - told

    now, steps, falls = loss(q), 0, np.inf
    while falls > tol and steps < MOST:
        q = bottleneck_step(table, q, weight)
        before, now, steps = now, loss(q), steps + 1
        falls = (before - now).max()
    best = int(np.argmin(now))
    kept, told = informations(table, q[best])
    return Bottleneck(q[best], float(beta), float(max(kept, 0.0)), float(max(told, 0.0)), steps)


def bottleneck_curve(p, betas, **options) -> list[Bottleneck]:
    """Return the best encoder for each β, each run also started from its neighbour's, from the smallest β upwards.

    Parameters
    ----------
    p : array (K_x, K_y)
        Joint law of X and Y.
    betas : sequence of float
        In any order; the answer keeps it.
    **options
        As for `information_bottleneck`.

    Returns
    -------
    list of Bottleneck
    """
    found, first = {}, None
    for beta in sorted({float(b) for b in betas}):
        found[beta] = information_bottleneck(p, beta, first=first, **options)
        first = found[beta].encoder
    return [found[float(b)] for b in betas]


def entropy(p) -> float:
    """Return the entropy of a discrete law, in nats."""
    return float(entr(np.asarray(p, dtype=float)).sum())
