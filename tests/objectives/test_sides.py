"""On which side of the truth each formula lies, where it is tight, and what it descends on.

Over random discrete laws expectations are exact: a table of counts is a law, its cells a sample of either law with the
right frequencies; formulas on all pairs are averaged over every batch that there is.
"""

import itertools
import math

import numpy as np
import pytest
import torch

from mi_lab.laws import BivariateGaussian
from mi_lab.objectives import (
    OBJECTIVES,
    all_pairs,
    alpha_tuba,
    alpha_tuba_objective,
    donsker_varadhan,
    flo,
    hellinger,
    infonce,
    joint_and_reference,
    js,
    log_odds,
    nwj,
    remine,
    remine_objective,
    smile,
    smile_objective,
    tuba,
)

LAWS, EXACT = range(40), 1e-9
ALPHAS = [0.0, 0.01, 0.3, 0.9, 1.0]


class Table:
    """A law on cells (x, y) with counts, and its truth; `pairs` lists its cells as samples of both laws."""

    def __init__(self, seed, letters=3, total=12):
        rng = np.random.default_rng(seed)
        table = rng.multinomial(total, rng.dirichlet(np.full(letters**2, 0.5))).reshape(letters, letters)
        table = table[table.sum(1) > 0][:, table.sum(0) > 0]
        self.p = torch.from_numpy(table / total)
        self.product = self.p.sum(1, keepdim=True) * self.p.sum(0)
        self.log_ratio = (self.p / self.product).log()  # -inf in empty cells
        self.truth = float((self.p * self.log_ratio).nansum())
        self.joint = torch.from_numpy(np.repeat(np.argwhere(table > -1), table.ravel(), axis=0))
        product = (table.sum(1, keepdims=True) * table.sum(0)).ravel()
        self.reference = torch.from_numpy(np.repeat(np.argwhere(table > -1), product, axis=0))
        self.g = torch.Generator().manual_seed(seed)

    def random(self, *shape, spread=2.0):
        return spread * torch.randn(shape or self.p.shape, dtype=torch.float64, generator=self.g)

    def both(self, t):
        """The scores of samples of the joint law and of the product, by a table of scores."""
        return tuple(t[cells[:, 0], cells[:, 1]] for cells in (self.joint, self.reference))

    def batches(self, b):
        """Every batch of b joint samples: x (batches, b), y (batches, b), its probability (batches,)."""
        cells = torch.argwhere(self.p > 0)
        rows = torch.tensor(list(itertools.product(range(len(cells)), repeat=b)))
        weight = self.p[cells[:, 0], cells[:, 1]][rows].prod(1)
        return cells[rows, 0], cells[rows, 1], weight


LOWER = {
    "dv": lambda law, t: donsker_varadhan(*law.both(t)),
    "nwj": lambda law, t: nwj(*law.both(t)),
    "tuba": lambda law, t: with_a(law, t, law.random(t.shape[1])),
    "remine": lambda law, t: remine(*law.both(t), 0.3, 0.7),
    "js then nwj": lambda law, t: OBJECTIVES["js"].value(*law.both(t)),
    "flo, b = 2": lambda law, t: expected(law, 2, t, flo, law.random()),
    "flo, b = 3": lambda law, t: expected(law, 3, t, flo, law.random()),
    "infonce, b = 2": lambda law, t: expected(law, 2, t, infonce),
    "infonce, b = 3": lambda law, t: expected(law, 3, t, infonce),
    "all pairs of nwj": lambda law, t: expected(law, 3, t, all_pairs("nwj").value),
} | {f"alpha-tuba, {a}": lambda law, t, a=a: alpha(law, t, a, law.random(t.shape[1])) for a in ALPHAS}


def with_a(law, t, log_a):
    """TUBA with a normaliser for each y, taken off the scores as `Normalised` does."""
    return tuba(*law.both(t - log_a))


def expected(law, b, t, formula, u=None):
    x, y, weight = law.batches(b)
    scores = t[x.unsqueeze(2), y.unsqueeze(1)]  # (batches, b, b)
    return (weight * (formula(scores) if u is None else formula(scores, u[x, y]))).sum()


def alpha(law, t, a, log_a, b=3):
    x, y, weight = law.batches(b)
    return (weight * alpha_tuba(t[x.unsqueeze(2), y.unsqueeze(1)], a, log_a[y])).sum()


@pytest.mark.parametrize("name", LOWER)
def test_a_lower_bound_is_one_for_every_critic_and_normaliser(name):
    gaps = []
    for seed in LAWS:
        law = Table(seed, 2 if "b = 3" in name or "alpha" in name else 3)
        for spread in (0.1, 1.0, 3.0):
            t = law.random(spread=spread) + (law.log_ratio.clamp(min=-20) if spread < 1 else 0)
            gaps.append(law.truth - float(LOWER[name](law, t)))
    assert min(gaps) > -EXACT


@pytest.mark.parametrize("seed", range(10))
def test_where_they_are_tight(seed):
    law = Table(seed)
    r, c = law.log_ratio.clamp(min=-200), law.random(law.p.shape[1])
    x_shift = law.random(law.p.shape[0]).unsqueeze(1)
    tight = {
        "dv": donsker_varadhan(*law.both(r + 3)),
        "nwj": nwj(*law.both(r + 1)),
        "tuba": with_a(law, r + c, c),
        "remine": remine(*law.both(r + 0.7), 0.3, 0.7),
        "js then nwj": OBJECTIVES["js"].value(*law.both(r)),
        "smile, large tau": smile(*law.both(r), 500.0),
        "log odds": log_odds(*law.both(r)),
        "flo": expected(law, 2, r + x_shift, flo, -r),
        "alpha-tuba, 0": alpha(law, r + c, 0.0, c, b=2),
    }
    for name, value in tight.items():
        assert float(value) == pytest.approx(law.truth, abs=1e-9), name
    half = (law.p + law.product) / 2
    divergence = ((law.p * (law.p / half).log()).nansum() + (law.product * (law.product / half).log()).nansum()) / 2
    assert float(js(*law.both(r))) == pytest.approx(float(divergence), abs=1e-9)
    squares = (law.p.sqrt() - law.product.sqrt()).square().sum()
    assert float(hellinger(*law.both(r))) == pytest.approx(float(squares), abs=1e-9)
    for _ in range(5):
        t = r + law.random(spread=0.5)
        assert float(js(*law.both(t))) <= float(divergence) + EXACT
        assert float(hellinger(*law.both(t))) <= float(squares) + EXACT


@pytest.mark.parametrize("seed", range(5))
def test_flo_s_best_normaliser_gives_donsker_varadhan_with_one_for_each_x(seed):
    law = Table(seed)
    t = law.random()
    log_z = (t + law.p.sum(0).log()).logsumexp(1, keepdim=True)
    best = expected(law, 2, t, flo, log_z - t)
    assert float(best) == pytest.approx(float((law.p * (t - log_z)).sum()))
    assert float(best) >= float(expected(law, 2, t, flo, log_z - t + law.random(spread=0.3)))


@pytest.mark.parametrize("seed", range(5))
def test_infonce_is_best_at_the_log_ratio_and_for_any_function_of_x_beside_it(seed):
    law = Table(seed, 2)
    r = law.log_ratio.clamp(min=-40)
    top = float(expected(law, 3, r, infonce))
    assert float(expected(law, 3, r + law.random(len(r)).unsqueeze(1), infonce)) == pytest.approx(top)
    assert all(float(expected(law, 3, r + law.random(spread=0.3), infonce)) <= top + EXACT for _ in range(20))


def test_what_is_no_bound_lies_on_both_sides():
    sides = {"smile": set(), "log odds": set()}
    for seed in LAWS:
        law = Table(seed)
        for shift in (-1, 1):
            t = law.log_ratio.clamp(min=-20) + shift
            sides["smile"].add(float(smile(*law.both(2 * t), 1.0)) > law.truth)
            sides["log odds"].add(float(log_odds(*law.both(t))) > law.truth)
    assert sides == {"smile": {True, False}, "log odds": {True, False}}


@pytest.mark.parametrize("a", ALPHAS[1:])
def test_alpha_tuba_s_ceiling_is_reached_and_not_passed(a):
    b, g = 6, torch.Generator().manual_seed(0)
    ceiling = (1 + math.log((b - 1) / a)) if a < 1 else math.log(b - 1)
    apart = 200.0 * (2 * torch.eye(b, dtype=torch.float64) - 1)
    assert float(alpha_tuba(apart, a)) == pytest.approx(ceiling)
    many = 30 * torch.randn(500, b, b, dtype=torch.float64, generator=g)
    assert float(alpha_tuba(many, a).max()) <= ceiling + EXACT


def test_alpha_tuba_between_its_neighbours():
    s = 2 * torch.randn(7, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    log_a = torch.randn(7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    t, t_ref = joint_and_reference(s - log_a)
    assert float(alpha_tuba(s, 0.0, log_a)) == pytest.approx(float(tuba(t, t_ref)))
    assert float(alpha_tuba(s, 1.0, log_a)) == pytest.approx(float(alpha_tuba(s, 1.0)))  # a plays no part
    left_out = [infonce(s.mT[keep][:, keep]) for keep in ~torch.eye(7, dtype=torch.bool)]
    assert float(alpha_tuba(s, 1.0)) == pytest.approx(float(torch.stack(left_out).mean()))  # of the other six samples


@pytest.mark.parametrize("rho", [0.3, 0.6, 0.9])
def test_sides_and_tightness_over_gaussians(rho):
    """Means over 4,000 batches of 16: at most the truth, and the truth at each formula's best critic."""
    law = BivariateGaussian(rho)
    x, y = (z.double().view(4000, 16) for z in law.sample(64_000, 0))
    grid = x.unsqueeze(2).expand(-1, -1, 16), y.unsqueeze(1).expand(-1, 16, -1)
    r = law.log_ratio(*(z.reshape(-1, 1) for z in grid)).view(4000, 16, 16)
    own = r.diagonal(dim1=1, dim2=2)
    log_a = (y - 0.3).tanh()
    values = {
        "nwj": ({True: r + 1, False: 0.7 * r - 0.5}, all_pairs("nwj").value),
        "tuba": ({True: r, False: 0.8 * r + 0.3}, OBJECTIVES["flo"].value),
        "flo": ({True: r + x.unsqueeze(2), False: 0.7 * r}, lambda s: flo(s, -own)),
        "alpha-tuba, 0": (
            {True: r + log_a.unsqueeze(1), False: 0.7 * r},
            lambda s: alpha_tuba(s, 0.0, log_a),
        ),
        "alpha-tuba, .3": ({False: r}, lambda s: alpha_tuba(s, 0.3)),
        "infonce": ({False: r}, infonce),
    }
    for name, (critics, formula) in values.items():
        for best, scores in critics.items():
            each = formula(scores)
            mean, error = float(each.mean()), float(each.std()) / math.sqrt(len(each))
            assert mean < law.mutual_information + 3 * error, name
            if best:
                assert abs(mean - law.mutual_information) < 3 * error, name


# ---- gradients ---------------------------------------------------------------------------------------------------


def nce(s, rest):
    """-mean_j of log e^s_jj / (mean of the mix), written with loops, and its second term: α-TUBA for α = .3."""
    b, total = len(s), 0.0
    for j in range(b):
        for out in range(b):
            keep = [i for i in range(b) if i != out]
            mix = 0.3 * s[keep, j].exp().mean() + 0.7
            joint = (1 + s[j, j] - mix.log()) / (b - 1)
            total = total + (joint if out != j else -s[keep, j].exp().mean() / mix)
    return -total / b


def flo_loss(s, rest):
    b = len(s)
    return -sum(1 + s[i, i] - sum(s[i, j].exp() for j in range(b) if j != i) / (b - 1) for i in range(b)) / b


def js_loss(t, r):
    return -(t.sigmoid().log().mean() + (1 - r.sigmoid()).log().mean()) / 2


LOSSES = {
    "dv": lambda t, r: -(t.mean() - r.exp().mean().log()),
    "nwj": lambda t, r: -(t.mean() - (r - 1).exp().mean()),
    "mine-f": lambda t, r: -(t.mean() - (r - 1).exp().mean()),
    "js": js_loss,
    "smile": js_loss,
    "remine": lambda t, r: -(t.mean() - r.exp().mean().log() - 0.1 * r.exp().mean().log() ** 2),
    "tuba": lambda t, r: -(1 + t.mean() - r.exp().mean()),
    "alpha-tuba": nce,
    "infonce": lambda s, _: -(s.diagonal() - s.exp().mean(1).log()).mean(),
    "flo": flo_loss,
    "demi": js_loss,
    "gan-dime": js_loss,
    "kl-dime": lambda t, r: -(1 + t.mean() - r.exp().mean()),
    "hd-dime": lambda t, r: -(2 - (-t / 2).exp().mean() - (r / 2).exp().mean()),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients_against_autograd_of_the_formula_in_float64(name):
    objective = alpha_tuba_objective(0.3) if name == "alpha-tuba" else OBJECTIVES[name]
    scores = 1.5 * torch.randn(3, 25, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    ours = objective.gradient(scores, 5)
    for row, grad in zip(scores, ours, strict=True):
        leaf = row.clone().requires_grad_()
        parts = (leaf.view(5, 5), None) if objective.all_pairs else (leaf[:5], leaf[5:])
        LOSSES[name](*parts).backward()
        torch.testing.assert_close(grad, leaf.grad, rtol=1e-10, atol=1e-12)


def test_every_pair_beside_the_diagonal_is_a_reference_sample_once():
    s = torch.arange(16.0).view(1, 4, 4)
    t, t_ref = joint_and_reference(s)
    assert t.tolist() == [[0, 5, 10, 15]]
    assert sorted(t_ref[0].tolist()) == [v for v in range(16) if v % 5]


def test_scores_of_500_on_all_pairs():
    for top in (500.0, -500.0):
        s = torch.zeros(5, 5)
        s[0, 1], s[2, 2] = top, top
        s.requires_grad_()
        for a in (0.0, 0.5, 1.0):
            value = alpha_tuba(s, a)
            if a > 0 or top < 0:  # without a mean in the denominator the formula is an average of e^500
                assert torch.isfinite(value)
                assert torch.isfinite(torch.autograd.grad(value, s)[0]).all()


# ---- options and bad input ---------------------------------------------------------------------------------------


def test_options_change_what_they_name():
    s = 2 * torch.randn(2, 12, generator=torch.Generator().manual_seed(0))
    t, r = s[:, :4], s[:, 4:]
    assert torch.equal(smile_objective(1.0).value(t, r), smile(t, r, 1.0))
    assert torch.equal(smile_objective(math.inf).value(t, r), donsker_varadhan(t, r))
    penalised = remine_objective(0.5, 2.0)
    assert torch.equal(penalised.chooses(t, r), remine(t, r, 0.5, 2.0))
    assert torch.equal(penalised.value(t, r), donsker_varadhan(t, r))
    assert alpha_tuba_objective(1.0).normaliser is None


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: smile_objective(0), "tau = 0, wanted a number above 0"),
        (lambda: smile_objective("5"), "tau = '5'"),
        (lambda: smile(torch.zeros(3), torch.zeros(3), -1.0), r"tau = -1\.0"),
        (lambda: alpha_tuba_objective(1.5), r"alpha = 1\.5, wanted a number from 0 \(TUBA\) to 1"),
        (lambda: alpha_tuba(torch.zeros(3, 3), -0.5), r"alpha = -0\.5"),
        (lambda: alpha_tuba(torch.zeros(3, 4)), r"scores has shape \(3, 4\), wanted all pairs"),
        (lambda: flo(torch.zeros(1, 1), torch.zeros(1)), r"scores has shape \(1, 1\)"),
        (lambda: flo(torch.zeros(3, 3), torch.zeros(4)), r"u is \(4,\), wanted one number for each joint sample"),
        (lambda: remine_objective(-1.0), r"weight = -1\.0, wanted a finite number of at least 0"),
        (lambda: remine_objective(0.1, math.inf), "constant = inf, wanted a finite number"),
        (lambda: all_pairs("mine"), "all_pairs"),
    ],
)
def test_bad_input(bad, said):
    with pytest.raises(ValueError, match=said) as error:
        bad()
    assert "\n" not in str(error.value)
