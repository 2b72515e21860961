"""The sign of a term: I goes up where it is subtracted from a loss and down where it is added, by known truth."""

import math

import pytest
import torch

from mi_lab import MITerm


def trained(method, maximise, seed=0, rounds=100):
    """Return I(X;Z) of z = r·x + noise before, half way and after, and the term's value at the end."""
    g = torch.Generator().manual_seed(seed)
    r = torch.nn.Parameter(torch.tensor(0.7 if maximise else 1.6))
    term = MITerm(method, 1, 1, maximise=maximise, seed=seed)
    model = torch.optim.Adam([r], lr=1e-2)
    truths = []
    for _ in range(rounds):
        truths.append(0.5 * math.log1p(float(r.detach()) ** 2))
        x = torch.randn(128, 1, generator=g)
        value = term(x, r * x + torch.randn(128, 1, generator=g))
        model.zero_grad()
        (-value if maximise else value).backward()
        model.step()
    return truths[0], truths[rounds // 2], truths[-1], float(value.detach())


@pytest.mark.parametrize("method", ["mine", "nwj", "smile", "infonce", "minee", "mige"])
def test_information_goes_where_the_sign_says(method):
    start, middle, end, value = trained(method, maximise=True)
    assert start < middle < end
    start, middle, end, value = trained(method, maximise=False)
    assert start > middle > end
