"""The same numbers on another device, in float32 where it has nothing wider."""

import pytest
import torch

from mi_lab import BivariateGaussian, bins, kde, ksg

DEVICE = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None


@pytest.mark.gpu
@pytest.mark.skipif(DEVICE is None, reason="no CUDA or MPS device")
@pytest.mark.parametrize("estimate", [ksg, kde, bins, lambda x, y, **o: bins(x, y, soft="cubic", **o)])
def test_a_device_agrees_with_the_cpu(estimate):
    x, y = (v.reshape(4, 1, 20, 20) for v in BivariateGaussian(0.8).sample(1600, seed=0))
    there = estimate(x.to(DEVICE), y.to(DEVICE))
    assert there.device.type == DEVICE
    torch.testing.assert_close(there.cpu().double(), estimate(x, y).double(), atol=2e-3, rtol=0)


@pytest.mark.gpu
@pytest.mark.skipif(DEVICE is None, reason="no CUDA or MPS device")
def test_the_gradient_stays_on_the_device():
    x, y = (v.to(DEVICE).requires_grad_() for v in BivariateGaussian(0.8).sample(200, seed=0))
    for value in (kde(x, y), bins(x, y, soft="quadratic")):
        (slope,) = torch.autograd.grad(value, x)
        assert slope.device.type == DEVICE
        assert torch.isfinite(slope).all()
