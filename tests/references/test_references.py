"""References: the law of what they draw, its shape, and that generators repeat it."""

import math

import pytest
import torch

from mi_lab.references import (
    CyclicShift,
    Derangement,
    GaussianReference,
    Permutation,
    TrainedReference,
    UniformReference,
    WithReplacement,
    make_reference,
)
from mi_lab.references.resampling import LAWS, RESAMPLING

N = 12


def rows(n=N, d_x=2, d_y=3):
    """Samples that carry their own number, so that one can see where a reference pair came from."""
    i = torch.arange(n, dtype=torch.float32)
    return i[:, None] + torch.zeros(d_x), i[:, None] + torch.zeros(d_y)


def numbers(x, y):
    assert bool((x == x[:, :1]).all())  # rows stay whole
    assert bool((y == y[:, :1]).all())
    return x[:, 0].long(), y[:, 0].long()


@pytest.mark.parametrize("name", RESAMPLING)
def test_pairs_are_made_of_whole_rows_and_a_generator_repeats_them(name):
    x, y = rows()
    draw = lambda seed: RESAMPLING[name]()(x, y, torch.Generator().manual_seed(seed))  # noqa: E731
    (a, b), (c, d) = draw(1), draw(1)
    assert a.shape == (N, 2)
    assert b.shape == (N, 3)
    numbers(a, b)
    assert torch.equal(a, c)
    assert torch.equal(b, d)
    assert any(not torch.equal(b, draw(seed)[1]) for seed in range(2, 6))


@pytest.mark.parametrize("name", ["permutation", "derangement", "cyclic shift"])
@pytest.mark.parametrize("n", [N, 5, 2])
def test_without_replacement_no_row_comes_twice(name, n):
    i, j = numbers(*RESAMPLING[name]()(*rows(), torch.Generator().manual_seed(0), n))
    assert len(i) == len(j) == n
    assert len(set(i.tolist())) == len(set(j.tolist())) == n


def test_a_joint_sample_comes_back_with_probability_one_in_n_or_never():
    generator, x, y = torch.Generator().manual_seed(0), *rows(6)
    trials = 2000
    same = {name: 0 for name in RESAMPLING}
    for _ in range(trials):
        for name, kind in RESAMPLING.items():
            i, j = numbers(*kind()(x, y, generator))
            same[name] += int(i[0] == j[0])
    error = math.sqrt(trials * (1 / 6) * (5 / 6))
    assert abs(same["permutation"] - trials / 6) < 4 * error
    assert abs(same["with replacement"] - trials / 6) < 4 * error
    assert same["derangement"] == same["cyclic shift"] == 0


def test_derangements_are_uniform():
    generator, (x, y) = torch.Generator().manual_seed(0), rows(4)
    trials, seen = 4500, {}
    for _ in range(trials):
        key = tuple(numbers(*Derangement()(x, y, generator))[1].tolist())
        seen[key] = seen.get(key, 0) + 1
    assert len(seen) == 9  # derangements of four
    error = math.sqrt(trials * (1 / 9) * (8 / 9))
    assert max(abs(count - trials / 9) for count in seen.values()) < 4.5 * error


def test_with_replacement_gives_any_number():
    i, j = numbers(*WithReplacement()(*rows(3), torch.Generator().manual_seed(0), 5000))
    counts = torch.bincount(i * 3 + j, minlength=9).double()
    assert ((counts - 5000 / 9).abs() < 4.5 * math.sqrt(5000 / 9)).all()


def test_a_given_shift():
    i, j = numbers(*CyclicShift(2)(*rows(5)))
    assert j.tolist() == [2, 3, 4, 0, 1]
    assert i.tolist() == [0, 1, 2, 3, 4]


def test_a_fitted_gaussian_has_the_data_s_moments_and_independent_parts():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(500, 2, generator=generator) @ torch.tensor([[2.0, 0.0], [1.0, 0.5]]) + 5
    y = x[:, :1] * 3 - 1
    n = 40_000
    for factor in (1.0, 2.0):
        a, b = GaussianReference.fitted(x, y, factor)(x, y, generator, n)
        assert a.shape == (n, 2)
        assert b.shape == (n, 1)
        spread = a.std(0)
        assert ((a.mean(0) - x.mean(0)).abs() < 4.5 * spread / math.sqrt(n)).all()
        assert torch.allclose(a.T.cov(), factor**2 * x.T.cov(), atol=4.5 * factor**2 * 4 * math.sqrt(2 / n))
        r = torch.corrcoef(torch.cat([a, b], 1).T)[2, :2]
        assert (r.abs() < 4.5 / math.sqrt(n)).all()


def test_a_uniform_reference_fills_its_box_and_knows_what_it_misses():
    x, y = torch.linspace(-1, 3, 50)[:, None], torch.linspace(10, 11, 50)[:, None]
    reference = UniformReference.fitted(x, y, 1.5)
    a, b = reference(x, y, torch.Generator().manual_seed(0), 20_000)
    assert -2 <= a.min() < -1.9
    assert 3.9 < a.max() <= 4
    assert abs(b.mean() - 10.5) < 4.5 * 1.5 / math.sqrt(12 * 20_000)
    reference.check_covers(x, y)
    with pytest.raises(ValueError, match="no mass at 1 of the 1 samples of y"):
        reference.check_covers(x[:1], torch.tensor([[12.0]]))
    UniformReference.fitted(x, y).check_covers(x, y)  # the extreme samples too


def test_a_trained_reference_hands_its_gradient_on():
    x, y = torch.randn(100, 2), torch.randn(100, 1)
    reference = TrainedReference(x, y, 2.0)
    a, b = reference(x, y, torch.Generator().manual_seed(0), 50)
    assert torch.allclose(reference.first[1].exp(), 2 * x.std(0))
    (a.sum() + (b**2).sum()).backward()
    mean_x, width_x, mean_y, width_y = (p.grad for p in reference.parameters())
    assert torch.allclose(mean_x, torch.full((2,), 50.0))
    assert torch.allclose(mean_y, 2 * b.detach().sum(0))
    assert width_x.abs().sum() > 0
    assert width_y.item() != 0


def test_the_generator_s_device_decides_and_not_the_data_s():
    """A CPU generator's draws are the ones that data elsewhere get; nothing of the global generator is used."""
    x, y = rows()
    torch.manual_seed(1)
    a = Permutation()(x, y, torch.Generator().manual_seed(5))[1]
    state = torch.random.get_rng_state()
    torch.manual_seed(2)
    assert torch.equal(a, Permutation()(x, y, torch.Generator().manual_seed(5))[1])
    for name in [*RESAMPLING, *LAWS]:
        torch.random.set_rng_state(state)
        make_reference(name, x, y)(x, y, torch.Generator().manual_seed(0))
        assert torch.equal(state, torch.random.get_rng_state())


X, Y = rows()
BAD = {
    "more than there are": (lambda: Permutation()(X, Y, None, N + 1), "n = 13 reference samples, but a permutation"),
    "more shifted": (lambda: CyclicShift()(X, Y, None, N + 1), "a cyclic shift gives at most"),
    "none": (lambda: WithReplacement()(X, Y, None, 0), "n = 0"),
    "half a sample": (lambda: Derangement()(X, Y, None, 2.5), "n = 2.5"),
    "one sample": (lambda: Derangement()(X[:1], Y[:1]), "n = 1 samples, wanted at least 2"),
    "different lengths": (lambda: Permutation()(X, Y[:5]), "x has 12 samples and y has 5"),
    "three axes": (lambda: Permutation()(X[:, None], Y), "x has shape \\(12, 1, 2\\)"),
    "a full turn": (lambda: CyclicShift(N)(X, Y), "shift = 12 moves 12 samples onto themselves"),
    "a fraction of a turn": (lambda: CyclicShift(0.5), "shift = 0.5"),
    "no width": (lambda: GaussianReference.standard(1, 1, 0), "factor = 0"),
    "infinitely wide": (lambda: UniformReference.fitted(X, Y, float("inf")), "factor = inf"),
    "a square root of another size": (
        lambda: GaussianReference(torch.zeros(2), torch.eye(3), torch.zeros(1), torch.eye(1)),
        "wanted \\(d,\\) and \\(d, d\\)",
    ),
    "an empty box": (
        lambda: UniformReference(torch.ones(1), torch.zeros(1), torch.zeros(1), torch.ones(1)),
        "wanted two \\(d,\\) with low < high",
    ),
    "other columns": (lambda: GaussianReference.standard(1, 1).check_covers(X, Y), "2 columns and its reference has 1"),
    "unknown": (
        lambda: make_reference("bootstrap", X, Y),
        "wanted one of: permutation, .*uniform, trained",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    bad, said = BAD[case]
    with pytest.raises(ValueError, match=said):
        bad()
