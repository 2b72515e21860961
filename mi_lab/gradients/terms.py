r"""Terms of a loss: their value is 0, their gradient is that of an entropy or of an information.

A sample z of a law q that depends on parameters θ, written as a differentiable function of θ and of noise
(reparametrised), moves when θ does.  Then (``thm-entropy-gradient``)

    ∇h(Z) = -E[∇ log q(z) · ∂z/∂θ]

The score is estimated and held fixed, PyTorch does ∂z/∂θ.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from mi_lab.gradients.spectral import SpectralStein
from mi_lab.samples import as_tensor, same_length

Estimator = Callable[[Tensor], Callable[[Tensor], Tensor]]


def entropy_term(z: Tensor, score: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    r"""Return 0 with the gradient of the differential entropy h(Z).

    .. math:: \nabla \hat h(Z) = -\frac1n \sum_i \hat s(z_i) \cdot \frac{\partial z_i}{\partial\theta}

    Equation ``eq-entropy-gradient``; wen2020mige.  The gradient is in nats per unit of a parameter.

    Parameters
    ----------
    z : Tensor of shape (n, d) or (n,)
        Reparametrised samples, with their graph.
    score : function (n, d) -> (n, d), optional
        ∇ log q where it is known, or a score estimated from other samples; `SpectralStein` of z if left out.

    Returns
    -------
    Tensor, shape ()
        0; add it to a loss (with a minus to make the entropy large) and call ``backward``.

    Raises
    ------
    ValueError
        z is no tensor with a graph, its samples allow no score (see `SpectralStein`), or the score has another shape.
    """
    z = _with_graph(z, "z")
    return _pulled(z, SpectralStein(z) if score is None else score)


def information_term(x: Any, z: Tensor, *, log_prob: Tensor | None = None, score: Estimator = SpectralStein) -> Tensor:
    r"""Return 0 with the gradient of the mutual information I(X;Z) of a reparametrised encoder.

    .. math::
        \nabla I(X;Z) = \nabla h(Z) - \nabla h(Z\,|\,X) = \nabla h(X) + \nabla h(Z) - \nabla h(X,Z)

    Equations ``eq-mige`` and ``eq-mige-known``; wen2020mige.  The gradient is in nats per unit of a parameter.

    Parameters
    ----------
    x : array-like of shape (n, d_x)
        What is encoded; if it has a graph (an encoder of its own), its entropy moves as well.
    z : Tensor of shape (n, d_z)
        Codes with their graph, z_i = g(x_i, noise_i): without noise I(X;Z) is infinite, and has no gradient.
    log_prob : Tensor of shape (n,), optional
        log q(z_i | x_i) with its graph, where the encoder's density is known: then only h(Z) needs a score, in d_z
        columns instead of d_x + d_z.
    score : function from samples to a score, optional
        Such as `SpectralStein`, `GaussianScore`, or ``lambda x: SpectralStein(x, share=.95)``.

    Returns
    -------
    Tensor, shape ()
        0; ``loss = error - beta * information_term(x, z)`` makes the information large.

    Raises
    ------
    ValueError
        As `entropy_term`; x and z have different lengths; log_prob has no graph or another shape.
    """
    z = _with_graph(z, "z")
    x = as_tensor(x, "x").to(z)
    same_length(x, z, ("x", "z"))
    if log_prob is not None:
        if not isinstance(log_prob, Tensor) or log_prob.shape != (len(z),) or not bool(log_prob.isfinite().all()):
            found = tuple(log_prob.shape) if isinstance(log_prob, Tensor) else type(log_prob).__name__
            raise ValueError(f"log_prob has shape {found}, wanted a tensor ({len(z)},) of finite log q(z_i | x_i).")
        log_prob = _with_graph(log_prob, "log_prob", columns=False)
        return _pulled(z, score(z.detach())) + _zero(log_prob.mean())
    joint = torch.cat([x, z], 1)
    term = _pulled(z, score(z.detach())) - _pulled(joint, score(joint.detach()))
    return term + _pulled(x, score(x.detach())) if x.requires_grad else term


def _with_graph(z: Any, name: str, columns: bool = True) -> Tensor:
    if not isinstance(z, Tensor) or not z.requires_grad:
        what = "a tensor without a graph" if isinstance(z, Tensor) else f"a {type(z).__name__}"
        raise ValueError(f"{name} is {what}, wanted a tensor that depends on parameters: was it detached?")
    return as_tensor(z, name) if columns else z


def _zero(value: Tensor) -> Tensor:
    """Return 0 with the gradient of a value."""
    return value - value.detach()


def _pulled(z: Tensor, score: Callable[[Tensor], Tensor]) -> Tensor:
    """Return 0 with the gradient -avg ŝ(z)·∂z."""
    s = score(z.detach())
    if not isinstance(s, Tensor) or s.shape != z.shape:
        found = f"shape {tuple(s.shape)}" if isinstance(s, Tensor) else f"a {type(s).__name__}"
        raise ValueError(f"the score answered {found} to z of shape {tuple(z.shape)}, wanted the same shape.")
    return _zero(-(s.detach() * z).sum(1).mean())
