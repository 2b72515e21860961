"""What trainers do with the samples they are given: hold some out, shift some, refuse what can't work."""

import torch
from torch import Tensor, nn

MIN_HELD_OUT = 4  # two parts of two, the fewest that can be shifted
MIN_SAMPLES = 4


def n_held_out(n: int, held_out) -> int:
    """Return how many of n samples are held out, for a fraction or None."""
    if held_out is None or held_out == 0:
        return 0
    if isinstance(held_out, bool) or not isinstance(held_out, (int, float)) or not 0 < held_out < 1:
        raise ValueError(f"held_out = {held_out!r}, wanted a fraction below 1, None, or a pair of samples.")
    return max(MIN_HELD_OUT, round(held_out * n))


def is_samples(held_out) -> bool:
    """Say whether `held_out` is other samples and not a share of the data; there must be two sets of them."""
    if not isinstance(held_out, (tuple, list)):
        return False
    if len(held_out) != 2:
        raise ValueError(f"held_out has {len(held_out)} parts, wanted a pair of samples, a fraction, or None.")
    return True


def same_columns(z: Tensor, other: Tensor, name: str, other_name: str) -> None:
    """Raise a `ValueError` unless both have the same number of columns."""
    if z.shape[1] != other.shape[1]:
        raise ValueError(f"{name} has {z.shape[1]} columns, wanted {other.shape[1]} as in {other_name}.")


def shifts(n: int, shuffles: int) -> list[int]:
    """Return up to `shuffles` different cyclic shifts of n samples, from 1 to n-1 and evenly spread."""
    shuffles = min(shuffles, n - 1)
    return [1 + s * (n - 1) // shuffles for s in range(shuffles)]


def shifted(x: Tensor, y: Tensor, shuffles: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return up to shuffles · n reference pairs of held-out samples by cyclic shifts: no pair is a joint sample.

    And (n', 2) the places of their x and of their y.
    """
    rows = torch.arange(len(x), device=x.device)
    moves = shifts(len(x), shuffles)
    if not moves:  # one sample alone: there is no other to pair it with
        return x[:0], y[:0], rows.new_empty(0, 2)
    other = torch.cat([rows.roll(-k) for k in moves])
    return x.repeat(len(moves), 1), y[other], torch.stack([rows.repeat(len(moves)), other], 1)


def check_overlap(Z: Tensor, Z_ref: Tensor) -> None:
    """Raise a `ValueError` when one column alone separates the samples: the divergence looks infinite."""
    low, high = Z.amin(0), Z.amax(0)
    low_ref, high_ref = Z_ref.amin(0), Z_ref.amax(0)
    apart = (low > high_ref) | (high < low_ref)
    if apart.any():
        k = int(apart.nonzero()[0])
        raise ValueError(
            f"Z and Z_ref don't overlap in column {k} (from {low[k]:.3g} to {high[k]:.3g} against {low_ref[k]:.3g} to "
            f"{high_ref[k]:.3g}): the divergence is infinite as far as the samples tell, so choose a wider reference."
        )


def try_critic(call, net, z: Tensor) -> None:
    """Call the critic once, so that one that can't score these samples is refused before training."""
    if not isinstance(net, nn.Module):
        raise ValueError(f"net is a {type(net).__name__}, wanted a critic: a torch module such as Net().")
    here = next(net.parameters(), z).device  # an engine moves the critic; one that is refused stays where it is
    try:
        with torch.no_grad():
            call(net, z.to(here))
    except (RuntimeError, TypeError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(f"the critic can't score samples of {z.shape[1]} columns: {first}.") from None
