"""Members of chapter 17 that are trained together learn what each would learn alone, and their signs are right."""

import pytest
import torch

from mi_lab.teaching.codes import Codes
from mi_lab.teaching.plane import Nets, words


def weights(crew):
    pairs = crew.weights if isinstance(crew, Nets) else [*crew.encoder, crew.decoder, *crew.critic]
    return [part.detach() for pair in pairs for part in pair]


def test_nets_together_are_nets_alone():
    x, y = words()
    together, alone = Nets([0, 1, 2]), Nets([1])
    for nets in (together, alone):
        for _ in range(2):
            nets.epoch(x[:1024], y[:1024])
    for a, b in zip(weights(together), weights(alone), strict=True):
        torch.testing.assert_close(a[1], b[0], rtol=1e-3, atol=1e-5)
    assert not torch.equal(weights(together)[0][0], weights(together)[0][1])


def some(n: int = 400, seed: int = 0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g)
    return x, (x[:, 0] > 0).long()


def test_a_member_of_codes_is_itself_in_company():
    x, y = some()
    together, alone = Codes([(0, 0.0), (5, 0.2)], "none", "none", 4), Codes([(5, 0.2)], "none", "none", 4)
    for codes in (together, alone):
        codes.epoch(x, y)
    for a, b in zip(weights(together), weights(alone), strict=True):
        torch.testing.assert_close(a[1], b[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("penalty", "price"), [("vib", 1.0), ("mige", 1.0), ("mine", 3.0)])
def test_who_is_charged_keeps_less_and_who_is_paid_keeps_more(penalty, price):
    """The known density of the code says what is kept, and neither the critic nor the bound has a say in it."""
    x, y = some()
    codes = Codes([(0, price), (0, 0.0), (0, -price / 10)], penalty, "gaussian", 4)
    for _ in range(12):
        codes.epoch(x, y)
    kept = codes.known(some(seed=1)[0])[0].tolist()
    assert kept[0] < kept[1] - 0.05
    assert kept[2] > kept[1] - 0.05


def test_unknown_words_are_named():
    with pytest.raises(ValueError, match="penalty is 'dropout', wanted one of: none, vib"):
        Codes([(0, 0.1)], "dropout", "none", 4)
    with pytest.raises(ValueError, match="needs the density of the code: noise is 'additive'"):
        Codes([(0, 0.1)], "vib", "additive", 4)
    with pytest.raises(ValueError, match="activation is 'elu', wanted one of: tanh, relu"):
        Nets([0], "elu")
