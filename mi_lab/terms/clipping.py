"""Adaptive clipping: a term pulls at a model's parameters no harder than the task does."""

from collections.abc import Iterable

import torch
from torch import Tensor


def clipped(task: Tensor, pull: Tensor, parameters: Iterable[Tensor]) -> Tensor:
    r"""Return task + pull, whose gradient by the parameters is that of the task plus that of the pull, cut to its norm.

    .. math:: g = g_{\text{task}} + \min\Bigl(1, \frac{|g_{\text{task}}|}{|g_{\text{pull}}|}\Bigr) g_{\text{pull}}

    The norms run over all of the parameters.  The value stays task + pull.  Two more passes backward are the price.
    Reference: belghazi2018mine.

    Parameters
    ----------
    task, pull : Tensor, shape ()
        Losses with their graphs; the pull is a term with its weight and sign.
    parameters : iterable of Tensors
        Of the model; none of the critic's.

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    ValueError
        There are no parameters that want a gradient, or the task has no graph.
    """
    wanted = [p for p in parameters if p.requires_grad]
    if not wanted:
        raise ValueError("parameters holds nothing that wants a gradient, wanted those of the model.")
    if not task.requires_grad:
        raise ValueError("task has no graph, wanted the loss of a model: was it detached?")
    if not pull.requires_grad:
        return task + pull
    most, size = (_norm(loss, wanted) for loss in (task, pull))
    share = (most / size).clamp(max=1.0)
    share = torch.where(share.isfinite(), share, torch.zeros_like(share))  # no pull, or one that is no number
    kept = pull * share.to(pull)
    return task + kept + (pull - kept).detach()


def _norm(loss: Tensor, parameters: list[Tensor]) -> Tensor:
    found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    squares = [g.detach().float().square().sum() for g in found if g is not None]
    return torch.stack(squares).sum().sqrt() if squares else loss.detach().float() * 0
