"""What the peers' documentation shows, through ours: the same number, or one nearer the truth.

A row holds what was printed there (None where nothing is, then the peer is asked, if it is installed), what our
function of the same formula gives on the same data, what `estimate` gives by default, and the truth where it is known.
"""

import importlib.util
import math
import warnings

import numpy as np

from mi_lab import estimate, ksg, lagged
from mi_lab.counting.discrete import counts

SAME = 2e-3  # nats: peers add noise of their own to break ties, and print two to four digits


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def examples() -> list[dict]:
    """Run all of them."""
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group in (of_ennemi, of_infomeasure, of_scikit_learn):
            rows += group()
    for row in rows:
        row["verdict"] = verdict(row)
    return rows


def verdict(row: dict) -> str:
    """Say how ours compares: the same number by the same formula, or the default nearer the truth."""
    peer, ours, default, truth = (row[name] for name in ("peer", "ours", "default", "truth"))
    if peer is None:
        return "no number to compare with"
    if ours is not None and abs(ours - peer) < SAME:
        return "the same"
    if truth is not None and min(abs(v - truth) for v in (ours, default) if v is not None) <= abs(peer - truth):
        return "nearer the truth"
    return "other"


def row(peer: str, what: str, documented, ours, default, truth=None) -> dict:
    number = lambda v: None if v is None else float(v)  # noqa: E731
    return {"library": peer, "example": what, "peer": number(documented), "ours": number(ours),
            "default": number(default), "truth": number(truth)}  # fmt: skip


def by_default(x, y, **options) -> float:
    return estimate(x, y, parts=0, **options).value if options.get("method") else estimate(x, y, **options).value


def of_ennemi() -> list[dict]:
    """The tutorial: a bivariate normal, an independent column, a lag, a condition."""
    r = np.random.default_rng(1234)
    x, y = r.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], size=800).T
    z = r.normal(0, 1, size=800)
    out = [
        row("ennemi", "normal pair, ρ = .8, n = 800", 0.51039762, ksg(x, y), by_default(x, y), -math.log(0.36) / 2),
        row("ennemi", "an independent column", -0.02167661, ksg(z, y), by_default(z, y), 0),
    ]
    r = np.random.default_rng(1234)
    x = r.gamma(1.0, 1.0, size=400)
    y = np.zeros(400)
    y[1:] = x[:-1]
    y += r.normal(0, 0.01, size=400)
    lags = lagged(x, y, [1, 0, -1], parts=0)["value"]
    # only rows that all lags leave are compared there
    same = {lag: ksg(x[1 - lag : 399 - lag], y[1:399]) for lag in (1, 0, -1)}
    noise = 0.5 * math.log(2 * math.pi * math.e * 1e-4)
    for lag, shown, truth in [(1, 3.8158148, 1 - noise), (0, -0.04623529, 0), (-1, -0.00942073, 0)]:
        out.append(row("ennemi", f"exponential series, lag {lag}", shown, same[lag], lags[lag], truth))
    r = np.random.default_rng(0)
    n = 400
    x2 = r.normal(0.2, 4, n)
    x1 = np.roll(x2, 2) + r.normal(0, 0.2, n)
    y = np.roll(x1, 1) + r.normal(0, 0.1, n)
    a, b, c = np.roll(x1, 1)[3:], y[3:], np.roll(x2, 3)[3:]
    peer = None
    if installed("ennemi"):
        import ennemi

        peer = ennemi.estimate_mi(b, a, cond=c)[0, 0]
    value = estimate(a, b, given=c, method="ksg", parts=0, surrogate=False).value
    truth = -math.log(1 - 0.04 / 0.05) / 2  # given X2, of Y = e1 + e2 and X1 = e1
    return [*out, row("ennemi", "given a third column (its law)", peer, value, estimate(a, b, given=c).value, truth)]


def of_infomeasure() -> list[dict]:
    """The guide: a normal pair by both algorithms, an unmatched pair, and a discrete one."""
    x, y = np.random.default_rng(692475).multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=1000).T
    truth, k = -math.log(0.75) / 2, 4
    peers = [None] * 3
    if installed("infomeasure"):
        import infomeasure as im

        peers = [im.mutual_information(x, y, approach="metric", ksg_id=i) for i in (1, 2)]
        peers.append(im.mutual_information(x, y, approach="metric", offset=1))
    default, apart = by_default(x, y), by_default(x[:-1], y[1:])
    a, b = [0, 1, 0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 0, 0, 1, 1]
    table = counts(np.array(a), np.array(b), correction="plug-in")
    return [
        row("infomeasure", "normal pair, ρ = .5, n = 1,000", peers[0], ksg(x, y, k), default, truth),
        row("infomeasure", "the same by the second algorithm", peers[1], ksg(x, y, k, variant=2), default, truth),
        row("infomeasure", "the same, unmatched by one row", peers[2], ksg(x[:-1], y[1:], k), apart, 0),
        row("infomeasure", "labels, n = 8", 0.0, table, None, 0),
    ]


def of_scikit_learn() -> list[dict]:
    """The docstrings: one informative feature of three, two of ten."""
    from sklearn.datasets import make_classification, make_regression

    x, y = make_regression(n_samples=50, n_features=3, n_informative=1, noise=1e-4, random_state=42)
    out = []
    for j, shown in enumerate([0.117, 2.645, 0.0287]):
        ours = max(0.0, float(ksg(x[:, j], y)))
        tells = abs(np.corrcoef(x[:, j], y)[0, 1]) > 0.9
        truth = 0.5 * math.log(y.var() / 1e-8) if tells else 0
        out.append(row("scikit-learn", f"regression, feature {j}", shown, ours, by_default(x[:, j], y), truth))
    x, y = make_classification(n_samples=100, n_features=10, n_informative=2, n_clusters_per_class=1, shuffle=False,
                               random_state=42)  # fmt: skip
    for j, shown in enumerate([0.589, 0.107, 0.196, 0.0968, 0, 0, 0, 0, 0, 0]):
        ours = max(0.0, float(ksg(x[:, j], y, discrete="y")))
        default = by_default(x[:, j], y, kinds={"y": "label"})
        out.append(row("scikit-learn", f"classes, feature {j}", shown, ours, default, None if j < 2 else 0))
    return out


def main() -> None:
    """Print the table."""
    print(f"{'library':13}{'example':38}{'peer':>9}{'ours':>9}{'default':>9}{'truth':>8}  verdict")
    for r in examples():
        cells = [f"{'' if r[c] is None else f'{r[c]:.4f}':>{w}}" for c, w in
                 [("peer", 9), ("ours", 9), ("default", 9), ("truth", 8)]]  # fmt: skip
        print(f"{r['library']:13}{r['example']:38}{''.join(cells)}  {r['verdict']}")


if __name__ == "__main__":
    main()
