"""The same numbers on another device, in float32 where it has nothing wider; where work is cut in pieces, in bounds."""

import warnings

import numpy as np
import pytest
import torch
from standin import standin

from mi_lab import BivariateGaussian, bins, kde, ksg, standard_error
from mi_lab.counting import grids, kernels, neighbours, soft
from mi_lab.device import widest

X, Y = BivariateGaussian(0.8).sample(200, seed=0)
IMAGES = tuple(v.reshape(3, 2, 8, 8) for v in BivariateGaussian(0.8).sample(384, seed=1))
WIDE = tuple(torch.randn(2, 150, 2, generator=torch.Generator().manual_seed(0)))

CASES = {
    "ksg": (ksg, {}),
    "ksg, rectangles": (ksg, {"variant": 2, "k": 5}),
    "ksg along lines": (ksg, {"nonuniformity": True}),
    "ksg, the tree": (ksg, {"backend": "tree"}),
    "ksg at each sample": (ksg, {"pointwise": True}),
    "ksg normalised": (ksg, {"normalize": "joint"}),
    "kde": (kde, {}),
    "kde, all pairs": (kde, {"direct": True}),
    "kde by a rule": (kde, {"bandwidth": "scott", "own": "leave-one-out"}),
    "kde at each sample": (kde, {"bandwidth": (0.3, 0.4), "pointwise": True, "normalize": None}),
    "kde normalised": (kde, {"normalize": "sum"}),
    "bins": (bins, {}),
    "bins of a width": (bins, {"kind": "width", "number": 7, "correction": "shrinkage"}),
    "bins over a span": (bins, {"kind": "width", "span": (-2, 2), "correction": "plug-in"}),
    "bins at each sample": (bins, {"pointwise": True}),
    "bins normalised": (bins, {"normalize": "geometric"}),
    **{f"soft bins, {kernel}": (bins, {"soft": kernel}) for kernel in soft.KERNELS},
    "soft bins over a span": (bins, {"soft": "cubic", "span": (-2, 2), "normalize": "max"}),
}


def agrees(estimate, device, x, y, **options):
    """Check an estimate on the device against the CPU's: to the last digits but where the device has only float32,
    which may put a sample into another bin or kernels in another order."""
    exact = widest(torch.device(device)) == torch.float64 and x.dtype == torch.float32
    tolerance = 1e-6 if exact else 5e-3 if x.dtype == torch.float16 else 2e-3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a variable is constant
        there, here = estimate(x.to(device), y.to(device), **options), estimate(x, y, **options)
    assert there.device.type == device
    assert there.shape == here.shape
    if options.get("pointwise"):
        there, here = there.mean(-1), here.mean(-1)
    torch.testing.assert_close(there.cpu().double(), here.double(), atol=tolerance, rtol=0)


@pytest.mark.parametrize("case", CASES)
def test_a_device_agrees_with_the_cpu(case, accelerator):
    estimate, options = CASES[case]
    agrees(estimate, accelerator, X, Y, **options)
    agrees(estimate, accelerator, *IMAGES, **options)


@pytest.mark.parametrize("estimate", [ksg, kde, bins])
def test_other_samples_on_a_device(estimate, accelerator):
    agrees(estimate, accelerator, *WIDE)
    agrees(estimate, accelerator, X[:, 0], (4 * Y).round().long())
    agrees(estimate, accelerator, (4 * X).round(), (4 * Y).round())  # a lattice
    agrees(estimate, accelerator, X, torch.zeros_like(Y))
    agrees(estimate, accelerator, X.T, Y.T, batch=True)
    agrees(estimate, accelerator, X.half(), Y.half())


def test_labels_on_a_device(accelerator):
    agrees(ksg, accelerator, (X > 0).float(), Y, discrete="x")


@pytest.mark.parametrize("by", ["subsample", "jackknife"])
@pytest.mark.parametrize("estimate", [ksg, kde, bins])
def test_error_bars_on_a_device(estimate, by, accelerator):
    found, expected = (standard_error(estimate, X.to(d), Y.to(d), by=by, parts=3) for d in (accelerator, "cpu"))
    for there, here in zip(found, expected, strict=True):
        assert there.device.type == accelerator
        assert float(there) == pytest.approx(float(here), rel=0.02, abs=1e-3)


SMOOTH = {name: case for name, case in CASES.items() if case[0] is kde or "soft" in name if "each" not in name}


@pytest.mark.parametrize("case", SMOOTH)
def test_gradients_on_a_device(case, accelerator):
    estimate, options = SMOOTH[case]
    slopes = []
    for d in (accelerator, "cpu"):
        x, y = (v.to(d).requires_grad_() for v in (X, Y))
        slopes.append(torch.autograd.grad(estimate(x, y, **options), (x, y)))
    for there, here in zip(*slopes, strict=True):
        assert there.device.type == accelerator
        torch.testing.assert_close(there.cpu(), here, atol=2e-3 * float(here.abs().max()), rtol=0)


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(
    ("estimate", "module", "name", "held", "options"),
    [
        (ksg, neighbours, "CHUNK", 8192, {}),
        (ksg, neighbours, "CHUNK", 8192, {"variant": 2, "nonuniformity": True}),
        (kde, kernels, "_HELD", 8192, {"direct": True}),
        (kde, grids, "_WIDE", 3000, {"bandwidth": 0.5}),
        (bins, soft, "_HELD", 400, {"soft": "cubic"}),
    ],
)
def test_memory_is_bounded(estimate, module, name, held, options, batch, monkeypatch):
    """No tensor on the device has more than the budget's entries, of 8 bytes; one grid is not cut."""
    x, y = (v.double().T.repeat(3 if batch else 1, 1) for v in BivariateGaussian(0.8).sample(96, seed=0))
    with standin("cuda", monkeypatch) as it:
        x, y = x.to("cuda"), y.to("cuda")
        whole, before = estimate(x, y, batch=True, **options), it.largest
        monkeypatch.setattr(module, name, held)
        it.forget()
        cut = estimate(x, y, batch=True, **options)
        torch.testing.assert_close(cut.cpu(), whole.cpu(), atol=1e-6, rtol=0)
        assert it.largest <= 8 * held
        if batch or module is not grids:
            assert before > 8 * held


def test_the_tree_is_for_the_cpu_alone(monkeypatch):
    """What lies on a device is compared there, unless the tree is asked for."""
    asked = []
    monkeypatch.setattr(neighbours, "tree", lambda *a: asked.append(a))
    with standin("cuda", monkeypatch) as it:
        value = ksg(X.to("cuda"), Y.to("cuda"))
        assert it.largest >= len(X) ** 2 * 4
    assert not asked
    np.testing.assert_allclose(float(value.held), float(ksg(X, Y, backend="brute")), atol=1e-12)
