"""Critics: the course's network, its scores for pairs and for all pairs, and its picture."""

import math

import matplotlib
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mi_lab.critics import Net, Separable, all_pair_scores, deep_net, pair_scores
from mi_lab.laws import BivariateGaussian

matplotlib.use("Agg")


def test_net_is_the_course_s():
    net = Net(seed=0)
    assert [(p.in_features, p.out_features) for p in net.layers] == [(2, 100), (100, 100), (100, 1)]
    weights = torch.cat([layer.weight.detach().flatten() for layer in net.layers])
    n = len(weights)
    assert abs(weights.std() - 0.02) < 4 * 0.02 / math.sqrt(2 * n)
    assert abs(weights.mean()) < 4 * 0.02 / math.sqrt(n)
    assert all(bool((layer.bias == 0).all()) for layer in net.layers)
    x, y = torch.randn(50, 1), torch.randn(50, 1)
    a, b, c = net.layers
    t = c(F.elu(b(F.elu(a(torch.cat([x, y], 1)))))).squeeze(1)
    assert torch.equal(net(x, y), t)
    assert torch.equal(net(torch.cat([x, y], 1)), t)
    assert net(x, y).abs().max() < 0.05  # t is about 0 at first


def test_seeds():
    assert torch.equal(Net(seed=3).layers[0].weight, Net(seed=3).layers[0].weight)
    assert not torch.equal(Net(seed=3).layers[0].weight, Net(seed=4).layers[0].weight)
    torch.manual_seed(0)
    a = Net().layers[0].weight
    assert not torch.equal(a, Net().layers[0].weight)
    state = torch.random.get_rng_state()
    Separable(seed=1)
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_deep_net_s_scores_keep_their_scale():
    h = torch.randn(2000, 40, generator=torch.Generator().manual_seed(0))
    net = deep_net(40, seed=0)
    for layer in net.layers[:-1]:
        h = F.elu(layer(h))
        assert 0.3 < h.std() < 2


@pytest.mark.parametrize("critic", [Net(5, seed=0), Separable(2, 3, seed=0)], ids=["joint", "separable"])
def test_all_pairs_agree_with_pairs(critic):
    x, y = torch.randn(6, 2), torch.randn(4, 3)
    scores = all_pair_scores(critic, x, y)
    assert scores.shape == (6, 4)
    for i in range(6):
        expected = pair_scores(critic, x[i].expand(4, 2), y)
        assert torch.allclose(scores[i], expected, atol=1e-6)


def test_a_critic_of_one_column_is_taken_as_it_is():
    class Column(nn.Module):
        def forward(self, x, y):
            return x * y

    assert pair_scores(Column(), torch.ones(3, 1), torch.ones(3, 1)).shape == (3,)


def test_plot_draws_the_critic_beside_the_truth():
    law = BivariateGaussian(0.8)
    figure, axes = Net(seed=0).plot(law, samples=law.sample(20, 0))
    assert [ax.get_title() for ax in axes] == ["critic t(x, y) + c", "true log-ratio"]
    figure, axes = Net(seed=0).plot()
    assert len(axes) == 1
    matplotlib.pyplot.close("all")


class Silent(nn.Module):
    def forward(self, x, y):
        return None


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: Net(0), "dim = 0"),
        (lambda: Net(2, width=1.5), "width = 1.5"),
        (lambda: Net(2, depth=0), "depth = 0"),
        (lambda: Net(2, std=-1), "std = -1"),
        (lambda: Separable(0, 1), "dim = 0"),
        (lambda: Separable(1, 1, features=0), "features = 0"),
        (lambda: deep_net(-2), "dim = -2"),
        (lambda: Net(2)(torch.ones(3, 2), torch.ones(3, 1)), "takes 2 columns and got 3: make it with dim=3"),
        (lambda: Net(3).plot(), "one of x and one of y"),
        (lambda: pair_scores(Net(), torch.ones(3, 1), torch.ones(4, 1)), "x has 3 samples and y has 4"),
        (lambda: pair_scores(Silent(), torch.ones(3, 1), torch.ones(3, 1)), "answered a NoneType to 3 pairs"),
        (lambda: pair_scores(nn.Bilinear(1, 1, 2), torch.ones(3, 1), torch.ones(3, 1)), r"answered shape \(3, 2\)"),
    ],
)
def test_bad_input(bad, said):
    with pytest.raises(ValueError, match=said):
        bad()
