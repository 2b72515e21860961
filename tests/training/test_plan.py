"""How long the front door trains: batches as asked for, as nearly as can be, and never fewer samples in silence."""

import pytest
import torch

from mi_lab import estimate
from mi_lab.training.plan import plan


def test_what_is_left_out_is_so_many_steps():
    own = plan(1000, None, 0.2, None, None, 2000, 200)
    assert own == (8, 250, 25)  # batches of a tenth, 100 of 800
    assert plan(1000, 50, 0.2, 7, 3, 2000, 200) == (16, 7, 3)


@pytest.mark.parametrize(("held_out", "trained"), [(0.2, 80), (0.5, 50), (None, 100), ((torch.zeros(9), 0), 100)])
def test_a_batch_is_as_large_as_asked_for_or_refused(held_out, trained):
    assert plan(100, trained, held_out, 1, 1, 1, 1).batches == 1
    assert plan(100, trained // 5, held_out, 1, 1, 1, 1).batches == 5
    said = f"batch_size = {trained + 1} is larger than the number of samples to train on, {trained} of 100"
    with pytest.raises(ValueError, match=said):
        plan(100, trained + 1, held_out, 1, 1, 1, 1)


@pytest.mark.parametrize("method", ["mine", "infonce", "doe", "doe+mine"])
def test_the_front_door_says_it_too(method):
    x = torch.randn(100, 1, generator=torch.Generator().manual_seed(0))
    y = x + torch.randn(100, 1, generator=torch.Generator().manual_seed(1))
    with pytest.raises(ValueError, match="batch_size = 90 is larger than .* 80 of 100"):
        estimate(x, y, method, batch_size=90)
