"""Score estimates against laws whose score is known, and what they say of bad input."""

import math
import re
import warnings

import numpy as np
import pytest
import torch

from mi_lab.gradients import GaussianScore, MatchedScore, SpectralStein
from mi_lab.gradients.affine import Coordinates, checked
from mi_lab.gradients.matching import Field, denoising_loss, sliced_loss
from mi_lab.gradients.spectral import Expansion, median_distance


def mixture(n, a=2.5, d=1, seed=0):
    """Return n samples of an even mixture of N(±a, 1) in the first column, N(0, 1) in the others, and their score."""
    rng = np.random.default_rng(seed)
    z = torch.from_numpy(rng.standard_normal((n, d)))
    z[:, 0] += torch.from_numpy(a * rng.choice([-1.0, 1.0], n))
    score = -z.clone()
    score[:, 0] += a * torch.tanh(a * z[:, 0])
    return z, score


def error(score, z, truth):
    """Return the mean squared error as a share of the mean square."""
    return float((score(z) - truth).square().sum() / truth.square().sum())


def test_two_modes_are_seen_by_kernels_and_networks_and_not_by_a_gaussian():
    kinds = {
        "spectral": SpectralStein,
        "denoising": lambda z: MatchedScore(z, sigma=0.1, steps=200),
        "sliced": lambda z: MatchedScore(z, "sliced", steps=100),
    }
    z, _ = mixture(500)
    fresh, truth = mixture(4000, seed=1)
    blind = error(GaussianScore(z), fresh, truth)
    assert blind > 0.7  # by quadrature .83: two modes 2.5 away from their middle
    for name, kind in kinds.items():
        assert error(kind(z), fresh, truth) < blind / 2, name


def test_more_samples_come_nearer_the_truth():
    def mean_error(n):
        shares = [error(SpectralStein(mixture(n, seed=s)[0]), *mixture(2000, seed=100 + s)) for s in range(8)]
        return np.mean(shares), np.std(shares) / math.sqrt(8)

    few, many = mean_error(100), mean_error(1600)
    assert few[0] - many[0] > 2 * math.hypot(few[1], many[1])


def test_a_gaussian_needs_no_eigenfunctions():
    z = torch.from_numpy(np.random.default_rng(0).standard_normal((300, 12)))
    by_loss = SpectralStein(z)
    torch.testing.assert_close(SpectralStein(z, number=0)(z), GaussianScore(z)(z))
    whole = SpectralStein(z, share=0.99, base=None)
    assert error(by_loss, z, -z) < error(whole, z, -z)


def test_a_score_moves_as_a_score_must():
    """Under x = A z + b the score is A⁻ᵀ times that of z: with whitening for every A."""
    z, _ = mixture(200, d=3)
    rng = np.random.default_rng(2)
    a, b = torch.from_numpy(rng.standard_normal((3, 3))), torch.from_numpy(rng.standard_normal(3)) * 100
    x = z @ a.T + b
    for kind in (GaussianScore, SpectralStein, lambda v: SpectralStein(v, share=0.95, base=None)):
        torch.testing.assert_close(kind(x)(x) @ a, kind(z)(z), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("base", ["gaussian", None])
def test_the_divergence_of_the_held_out_loss_is_the_score_s_own(base):
    z, _ = mixture(60, d=2)
    expansion = Expansion(z[:40], z[:40], 1.3, base == "gaussian")
    fresh = z[40:]
    for number in (1, 5):
        one = torch.func.jacrev(lambda v, j=number: expansion.score(v[None], j)[0])
        jacobian = torch.stack([one(v) for v in fresh])
        divergence = jacobian.diagonal(dim1=1, dim2=2).sum(1)
        wanted = expansion.score(fresh, number).square().sum(1) / 2 + divergence
        torch.testing.assert_close(expansion.losses(fresh, [number])[0], wanted)


def test_more_samples_than_anchors_are_averaged_over():
    z, _ = mixture(3000)
    score = SpectralStein(z)
    assert len(score.eigenvalues) < len(z)
    assert error(score, *mixture(2000, seed=1)) < 0.2


def test_the_base_makes_steins_identity_exact_for_affine_functions():
    z, _ = mixture(120, d=2)
    s = SpectralStein(z, number=6)(z)
    torch.testing.assert_close(s.mean(0), torch.zeros(2).double(), atol=1e-9, rtol=0)
    torch.testing.assert_close(s.T @ z / len(z), -torch.eye(2).double(), atol=1e-9, rtol=0)
    assert (SpectralStein(z, number=6, base=None)(z).T @ z / len(z) + torch.eye(2)).abs().max() > 0.01


def test_the_median_distance_is_the_median():
    z = torch.tensor([[0.0, 0], [3, 4], [0, 1]], dtype=torch.float64)
    assert median_distance(z) == pytest.approx(math.sqrt(18))  # of 1, √18 and 5


def test_the_share_takes_the_fewest_eigenvalues_that_reach_it():
    z, _ = mixture(150, d=2)
    for share in (0.3, 0.9, 0.99):
        score = SpectralStein(z, share=share)
        part = score.eigenvalues.cumsum(0) / score.eigenvalues.sum()
        assert part[score.number - 1] >= share - 1e-6
        assert score.number == 1 or part[score.number - 2] < share


def test_answers_come_in_the_rows_type_and_shape():
    z, _ = mixture(100, d=2)
    for kind in (GaussianScore, SpectralStein, lambda v: MatchedScore(v, steps=1)):
        answer = kind(z.float())(z.float()[:7].requires_grad_())
        assert answer.dtype == torch.float32
        assert answer.shape == (7, 2)
        assert not answer.requires_grad
    assert SpectralStein(z.numpy().tolist())(z[:1]).shape == (1, 2)


def test_the_losses_agree_with_the_formulas_and_with_each_other():
    z = torch.from_numpy(np.random.default_rng(3).standard_normal((4, 2)))
    field = Field(2, 8, 0).double()
    torch.nn.init.normal_(field.layers[-1].weight)
    # v over all signs: the mean of the sliced loss is avg ½|s|² + div s
    signs = [torch.tensor(s, dtype=torch.float64).expand(4, 2) for s in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
    mean = torch.stack([sliced_loss(field, z, v) for v in signs]).mean()
    jacobian = torch.stack([torch.func.jacrev(lambda u: field(u[None])[0])(v) for v in z])
    wanted = (field(z).square().sum(1) / 2 + jacobian.diagonal(dim1=1, dim2=2).sum(1)).mean()
    torch.testing.assert_close(mean, wanted)
    noise = torch.ones_like(z)
    assert denoising_loss(lambda u: -noise / 0.5, z, 0.5, noise) == 0


def test_the_same_seed_is_the_same_score():
    z, _ = mixture(200, a=4)
    first, again, other = (MatchedScore(z, steps=60, seed=s)(z) for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


Z = mixture(40, d=2)[0]
BAD = {
    "few rows": (lambda: SpectralStein(Z[:5]), "x has n = 5 samples, wanted at least 10"),
    "more columns": (lambda: SpectralStein(torch.randn(12, 20)), "n = 12 rows for 20 columns, wanted more rows"),
    "a constant": (lambda: SpectralStein(torch.cat([Z, 1 + 0 * Z[:, :1]], 1)), "column 2 of x is constant in all 40"),
    "labels": (lambda: SpectralStein(Z.round()), "takes only"),
    "cut off": (lambda: GaussianScore((Z - 1).relu()), "it is discrete or cut off"),
    "not finite": (lambda: SpectralStein(Z / 0), "x holds"),
    "dependent": (lambda: SpectralStein(torch.cat([Z, Z.sum(1, keepdim=True)], 1)), "columns of x are linearly dep"),
    "beyond n": (lambda: SpectralStein(Z, number=41), "number = 41, wanted a whole number from 0 to 40 for 40 rows"),
    "none": (lambda: SpectralStein(Z, number=0, base=None), "from 1 to 40"),
    "half": (lambda: SpectralStein(Z, number=2.5), "number = 2.5"),
    "both": (lambda: SpectralStein(Z, number=2, share=0.9), "wanted one of them"),
    "share": (lambda: SpectralStein(Z, share=1.2), "share = 1.2"),
    "bandwidth": (lambda: SpectralStein(Z, bandwidth=0), "bandwidth = 0"),
    "unwhitened": (lambda: SpectralStein(Z, whiten=False), "base = 'gaussian' and whiten = False"),
    "base": (lambda: SpectralStein(Z, base="laplace"), "base = 'laplace', wanted 'gaussian' or None"),
    "columns": (lambda: SpectralStein(Z)(Z[:, :1]), "z has 1 columns and the score was estimated from 2"),
    "kind": (lambda: MatchedScore(Z, "implicit"), "kind = 'implicit', wanted 'denoising' or 'sliced'"),
    "sigma": (lambda: MatchedScore(Z, sigma=0), "sigma = 0"),
    "steps": (lambda: MatchedScore(Z, steps=0), "steps = 0"),
    "shape": (lambda: SpectralStein(Z[None]), "x has shape (1, 40, 2)"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    call, message = BAD[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=re.escape(message)):
            call()


def test_few_rows_for_the_columns_are_warned_of():
    with pytest.warns(UserWarning, match="n = 30 rows for 20 columns"):
        SpectralStein(torch.randn(30, 20, generator=torch.Generator().manual_seed(0)))


def test_on_a_device_as_on_the_cpu(accelerator):
    z = mixture(60, d=2)[0].float()
    for kind in (GaussianScore, SpectralStein, lambda v: MatchedScore(v, steps=1)):
        here = kind(z)(z)
        there = kind(z.to(accelerator))(z.to(accelerator))
        assert there.device.type == accelerator
        if kind is not MatchedScore:
            torch.testing.assert_close(there.cpu(), here, atol=1e-2, rtol=1e-2)


def test_coordinates_are_white():
    x = checked(mixture(100, d=3)[0] * torch.tensor([1.0, 5, 0.01]))
    z = Coordinates(x).of(x)
    torch.testing.assert_close(z.T @ z / len(z), torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(Coordinates(x, whiten=False).of(x).std(0, correction=0), torch.ones(3).double())
