"""What chapter 18 claims: by decoding, by exact finite laws, by counting, and against its result file."""

import itertools
import math

import numpy as np
import pytest

from mi_lab.teaching import private
from mi_lab.teaching.curves import load_run


def information(p) -> float:
    """Return I of a table of joint probabilities, in nats."""
    product = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    kept = p > 0
    return float((p[kept] * np.log(p[kept] / product[kept])).sum())


def two(s: float, n: int) -> float:
    """Return the divergence of a bit with probability s from one with 1/n."""
    parts = [(s, 1 / n), (1 - s, 1 - 1 / n)]
    return sum(a * math.log(a / b) for a, b in parts if a > 0)


@pytest.mark.ledger("prop-private-injective", "eq-private-encoder")
def test_who_knows_the_key_gets_the_pictures_back():
    rng = np.random.default_rng(0)
    shape = {"places": 5, "pixels": 3}
    for key in range(5):
        encoder = private.PrivateEncoder(key, depth=3, width=6, gain=0.6, **shape)  # a gain that tanh survives
        patches = rng.uniform(size=(20, 5, 3))
        z = encoder(patches)
        for layer in encoder.layers[::-1]:
            z = np.arctanh(z @ np.linalg.inv(layer))
        # W₀ v + u: for each place, is there a patch that gives this code?
        undone = np.full_like(patches, np.nan)
        for place, shift in enumerate(encoder.places):
            v, *_ = np.linalg.lstsq(encoder.first.T, (z - shift).reshape(-1, 6).T, rcond=None)
            off = np.abs(v.T @ encoder.first + shift - z.reshape(-1, 6)).max(1).reshape(20, 5)
            assert ((off < 1e-5).sum(1) == 1).all()  # one code of each picture comes from here, and no other
            undone[:, place] = v.T.reshape(20, 5, 3)[off < 1e-5]
        np.testing.assert_allclose(undone, patches, atol=1e-5)
    narrow = np.random.default_rng(1).standard_normal((3, 3))  # as many rows as columns: two places can't be told apart
    assert np.linalg.matrix_rank(narrow) == 3


@pytest.mark.ledger("thm-private-kept", "eq-private-kept")
def test_an_encoder_that_can_be_undone_keeps_all_whatever_the_order():
    """All orders of three codes, exactly; then a code that two pictures share."""
    pictures = [(0, 1, 2), (1, 0, 2), (2, 2, 1), (0, 0, 0)]  # contents; a code is (place, content)

    def law(codes):
        orders = list(itertools.permutations(range(3)))
        seen = sorted({tuple(c[j] for j in o) for c in codes for o in orders})
        p = np.zeros((len(codes), len(seen)))
        for i, c in enumerate(codes):
            for o in orders:
                p[i, seen.index(tuple(c[j] for j in o))] += 1 / len(codes) / len(orders)
        return p

    with_places = [tuple(enumerate(x)) for x in pictures]
    assert information(law(with_places)) == pytest.approx(math.log(4))
    without = [tuple((0, v) for v in x) for x in pictures]  # the first two have the same set of codes
    assert information(law(without)) == pytest.approx(math.log(4) - math.log(2) / 2)
    unequal = law(with_places) * np.array([[1.6], [0.4], [1.2], [0.8]])
    share = unequal.sum(1)
    assert information(unequal) == pytest.approx(-(share * np.log(share)).sum())


@pytest.mark.ledger("prop-private-signature", "eq-private-entropy")
def test_the_signature_is_that_of_the_codes_and_a_random_deal_finds_one_a_class():
    patches = private.small_digits(400)
    ours = private.signature(private.same(private.with_places(patches)))
    for key, depth in itertools.product(range(3), (0, 3, 8)):
        codes = private.PrivateEncoder(key, depth, places=16, pixels=4)(patches)
        assert (private.signature(private.same(codes)) == ours).all()
    exact = np.sort(np.stack([[(patches[:, j] == p).all(1).sum() for j, p in enumerate(x)] for x in patches[:50]]), 1)
    assert (exact == ours[:50]).all()  # counted one by one
    kinds = private.classes(ours)
    share = np.bincount(kinds) / len(kinds)
    assert -(share * np.log(share)).sum() <= math.log(400)
    few = np.sort(np.random.default_rng(0).integers(0, 3, (60, 2)), 1)  # many pictures of one signature
    right = [np.mean(private.matched(few, few[o], s) == o) for s, o in enumerate(orders(60, 300))]
    error = np.std(right) / math.sqrt(len(right))
    assert abs(np.mean(right) - len(np.unique(few, axis=0)) / 60) < 4 * error


def orders(n: int, how_many: int):
    rng = np.random.default_rng(5)
    return [rng.permutation(n) for _ in range(how_many)]


@pytest.mark.ledger("thm-private-proved", "eq-private-proved")
def test_a_success_proves_no_more_than_there_is():
    rng = np.random.default_rng(0)
    for n, k in [(2, 2), (5, 3), (8, 20)]:
        for strength in (0.05, 0.5, 5.0):
            channel = rng.dirichlet(np.full(k, strength), size=n) / n
            best, some = channel.max(0).sum(), channel[rng.integers(0, n, k), np.arange(k)].sum()
            for s in (best, some):
                if s >= 1 / n:
                    assert two(s, n) <= information(channel) + 1e-12
    assert two(1.0, 50) == pytest.approx(math.log(50))
    assert two(1 / 50, 50) == pytest.approx(0, abs=1e-15)


def response(epsilon: float, n: int) -> np.ndarray:
    """Return the table q(z|x) of randomised response."""
    q = np.ones((n, n)) + np.eye(n) * (math.exp(epsilon) - 1)
    return q / q.sum(1, keepdims=True)


@pytest.mark.ledger("prop-private-response", "eq-private-response")
def test_randomised_response_is_the_channel_of_equality():
    for epsilon, n in itertools.product((0.1, 1.0, 4.0), (2, 7, 40)):
        q = response(epsilon, n)
        assert np.log(q.max(0) / q.min(0)).max() == pytest.approx(epsilon)
        assert information(q / n) == pytest.approx(two(q[0, 0], n))


@pytest.mark.ledger("prop-private-guarantee", "eq-private-local", "eq-private-guarantee")
def test_a_bound_for_every_pair_bounds_information_and_success():
    rng = np.random.default_rng(0)
    for n, k in [(3, 4), (10, 6)]:
        for _ in range(20):
            q = rng.dirichlet(np.full(k, 1.0), size=n) + 0.02
            q /= q.sum(1, keepdims=True)
            epsilon = np.log(q.max(0) / q.min(0)).max()
            assert information(q * rng.dirichlet(np.ones(n))[:, None]) <= epsilon
            assert (q / n).max(0).sum() <= math.exp(epsilon) / n + 1e-12
    rare = response(0.5, 30)  # little on average, and one picture that is given away
    rare[0] = np.eye(30)[0]
    assert information(rare / 30) < 0.2
    assert np.log(np.maximum(rare.max(0), 1e-300) / np.maximum(rare.min(0), 1e-300)).max() > 100


def test_a_set_has_no_order_and_equal_patches_have_one_number():
    import torch

    net, x = private.SetCritic(pixels=16, width=4, seed=0), torch.randn(6, 16)
    z = torch.randn(6, 5, 4)
    turned = z[:, torch.randperm(5)]
    torch.testing.assert_close(net(x, z.flatten(1)), net(x, turned.flatten(1)))
    torch.testing.assert_close(net.pairs(x, z.flatten(1)).diagonal(), net(x, z.flatten(1)))
    twice = np.random.default_rng(0).standard_normal((3, 2, 4))
    twice[2, 1] = twice[0, 0] + 1e-14
    numbers = private.same(twice)
    assert numbers[2, 1] == numbers[0, 0]
    assert len(np.unique(numbers)) == 5


def test_what_the_page_says_of_its_result_file():
    run = load_run("private")
    depths, n = run["about"]["depths"], run["about"]["sizes"][-1]
    rows = {(r["what"], r["depth"], r["n"]): r for r in run["runs"]}
    assert run["about"]["keys"] >= 2
    first, last = rows["infonce", 0, n], rows["infonce", depths[-1], n]
    assert first["value"] - last["value"] > 2 * math.hypot(first["value sd"], last["value sd"])
    for name in ("infonce", "smile", "nwj", "ksg"):
        two, four, eight = (rows[name, d, n]["value"] for d in (2, 4, 8))
        assert two > four > eight, name  # they fall
    for name in ("smile", "nwj", "ksg"):
        assert rows[name, 0, n]["value"] < rows[name, 2, n]["value"], name  # after they rose
    for depth in depths:
        hit = rows["attack", depth, n]
        assert hit["different"] == n  # no two pictures have the same codes
        assert 0.85 < hit["success"] < 0.95
        said = [rows[name, depth, n]["value"] for name in ("infonce", "smile", "nwj", "ksg")]
        assert max(said) < hit["entropy"] < math.log(n)
        assert rows["dithered", depth, n]["success"] < 0.01
        assert 0.85 < rows["attack", depth, 5000]["success"] < 0.95
