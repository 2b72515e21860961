"""On CUDA and MPS the same as on the CPU: by a stand-in that no tensor strays from, and by a GPU where there is one."""

import math

import numpy as np
import pytest
import torch
from standin import standin
from test_trainers import KINDS, small

import mi_lab
from mi_lab import (
    OBJECTIVES,
    CriticTrainer,
    DVTrainer,
    GaussianReference,
    MINEETrainer,
    MINETrainer,
    Net,
    Separable,
    TrainedReference,
    UniformReference,
    all_pair_scores,
    device,
    pair_scores,
)
from mi_lab.laws import BivariateGaussian
from mi_lab.objectives import formulas, make_objective
from mi_lab.references.resampling import RESAMPLING
from mi_lab.training import crew, errors

X, Y = BivariateGaussian(0.8).sample(240, 0)


def like(there, here, tolerance=1e-5):
    """Check that a tensor of the device holds what one of the CPU does."""
    assert there.device.type != "cpu"
    torch.testing.assert_close(there.detach().cpu().double(), here.detach().double(), atol=tolerance, rtol=tolerance)


# ---- the stand-in itself -----------------------------------------------------------------------------------------

DIFFERENT = "Expected all tensors to be on the same device"
STRICT = {
    "a sum": (lambda x, k: x + torch.ones(3), RuntimeError, DIFFERENT),
    "a sum the other way round": (lambda x, k: torch.ones(3) + x, RuntimeError, DIFFERENT),
    "a sum in place": (lambda x, k: torch.ones(3).add_(x), RuntimeError, DIFFERENT),
    "a number written to": (lambda x, k: torch.ones(()).add_(x.sum()), RuntimeError, DIFFERENT),
    "a number in no sum": (lambda x, k: torch.stack([x[0], torch.ones(())]), RuntimeError, DIFFERENT),
    "a list of tensors": (lambda x, k: torch.cat([x, torch.ones(3)]), RuntimeError, DIFFERENT),
    "a matrix product": (lambda x, k: x[None] @ torch.ones(3, 1), RuntimeError, DIFFERENT),
    "a net on the CPU": (lambda x, k: torch.nn.Linear(3, 1)(x), RuntimeError, DIFFERENT),
    "an output": (lambda x, k: torch.add(x, x, out=torch.empty(3)), RuntimeError, DIFFERENT),
    "an index to the CPU": (lambda x, k: torch.ones(3)[x.long()], RuntimeError, DIFFERENT),
    "NumPy": (lambda x, k: x.numpy(), TypeError, "can't convert .* device type tensor to numpy"),
    "NumPy by itself": (lambda x, k: np.asarray(x), TypeError, "can't convert .* device type tensor to numpy"),
    "a generator of the CPU": (
        lambda x, k: torch.randn(3, generator=torch.Generator(), device=k),
        RuntimeError,
        "device type for generator but found 'cpu'",
    ),
    "a generator of the device": (
        lambda x, k: torch.randn(3, generator=torch.Generator(device=k)),
        RuntimeError,
        "Expected a 'cpu' device type for generator",
    ),
}


@pytest.mark.parametrize("case", STRICT)
def test_the_device_is_strict(case, accelerator):
    wrong, kind, said = STRICT[case]
    with pytest.raises(kind, match=said):
        wrong(torch.ones(3, device=accelerator), accelerator)


def test_what_the_device_allows(accelerator):
    x = torch.arange(3.0, device=accelerator)
    assert (x + torch.ones(())).tolist() == [1, 2, 3]
    assert x[torch.tensor([2, 0])].tolist() == x[[2, 0]].tolist() == [2, 0]
    assert x.to(accelerator).device == x.device == torch.empty_like(x).device == x.new_tensor([1]).device
    assert torch.zeros(3).copy_(x).tolist() == x.cpu().tolist() == [0, 1, 2]
    assert f"{x[2]:.1f}" == "2.0"
    z = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(z.square().sum(), z)
    assert slope.device == x.device
    assert slope.tolist() == [0, 2, 4]


def test_mps_has_no_float64_and_no_eigenvectors(monkeypatch):
    with standin("mps", monkeypatch):
        x = torch.eye(3, device="mps")
        with pytest.raises(TypeError, match="MPS framework doesn't support float64"):
            x.double()
        with pytest.raises(TypeError, match="MPS framework doesn't support float64"):
            torch.eye(3).double().to("mps")
        with pytest.raises(NotImplementedError, match="'aten::_linalg_eigh' is not currently implemented for the MPS"):
            torch.linalg.eigh(x)
    with standin("cuda", monkeypatch):
        assert torch.linalg.eigh(torch.eye(3, device="cuda").double()).eigenvalues.tolist() == [1, 1, 1]


# ---- names, references, critics, objectives ----------------------------------------------------------------------


def test_names(accelerator):
    assert device.pick_device("auto").type == accelerator
    assert device.pick_device(accelerator).type == accelerator
    assert device.available()[1].startswith(accelerator)
    with pytest.raises(ValueError, match="isn't on this machine; use one of: cpu, "):
        device.pick_device("cuda:99")
    device.synchronize(torch.device(accelerator))


def seeded(where="cpu"):
    return torch.Generator(device=where).manual_seed(3)


@pytest.mark.parametrize("n", [None, 50])
@pytest.mark.parametrize("name", RESAMPLING)
def test_references_that_resample(name, n, accelerator):
    """By a generator on the CPU the same draws; by one on the device other draws of the same law."""
    x, y = X.to(accelerator), Y.to(accelerator)
    reference = RESAMPLING[name]()
    for there, here in zip(reference(x, y, seeded(), n), reference(X, Y, seeded(), n), strict=True):
        like(there, here, 0)
    own = reference(x, y, seeded(accelerator), n)
    unseeded = reference(x, y, None, n)
    for drawn, z in zip((*own, *unseeded), (X, Y, X, Y), strict=True):
        assert drawn.device.type == accelerator
        assert set(drawn.flatten().tolist()) <= set(z.flatten().tolist())
    if name in ("derangement", "cyclic shift"):
        joint = set(zip(X.flatten().tolist(), Y.flatten().tolist(), strict=True))
        assert not joint & set(zip(*(z.flatten().tolist() for z in own), strict=True))


LAWS = {
    "gaussian": lambda x, y: GaussianReference.fitted(x, y, 1.5),
    "standard": lambda x, y: GaussianReference.standard(),
    "uniform": lambda x, y: UniformReference.fitted(x, y, 1.5),
    "trained": TrainedReference,
}


@pytest.mark.parametrize("name", LAWS)
def test_product_laws(name, accelerator):
    x, y = X.to(accelerator), Y.to(accelerator)
    law, here = LAWS[name](x, y), LAWS[name](X, Y)
    law.check_covers(x, y)
    for a, b in zip(law(x, y, seeded(), 70), here(X, Y, seeded(), 70), strict=True):
        like(a, b)
    for drawn in (*law(x, y, seeded(accelerator), 70), *law(x, y)):
        assert drawn.device.type == accelerator
        assert bool(drawn.isfinite().all())


@pytest.mark.parametrize("make", [lambda: Net(seed=1, std=None), lambda: Separable(seed=1)])
def test_critics(make, accelerator):
    here, there = make(), make().to(accelerator)
    x, y = X.to(accelerator), Y.to(accelerator)
    like(pair_scores(there, x, y), pair_scores(here, X, Y))
    like(all_pair_scores(there, x[:9], y[:7]), all_pair_scores(here, X[:9], Y[:7]))
    here.reset(2)
    there.reset(2)
    like(there(x, y), here(X, Y))


def test_a_critic_on_the_device_is_drawn(accelerator):
    import matplotlib.pyplot as plt

    law = BivariateGaussian(0.8)
    drawn = []
    for where in ("cpu", accelerator):
        figure, axes = Net(seed=0).to(where).plot(law)
        drawn.append(axes[0].collections[0].get_array())
        plt.close(figure)
    np.testing.assert_allclose(*drawn, atol=1e-5)


@pytest.mark.parametrize("name", ["mine", *OBJECTIVES])
def test_objectives(name, accelerator):
    objective = make_objective(name)
    scores = torch.randn(2, 36 if objective.all_pairs else 20, generator=seeded())
    states = [{k: v.to(where) for k, v in objective.state(2).items()} for where in (accelerator, "cpu")]
    b = 6 if objective.all_pairs else 8
    like(*(objective.gradient(scores.to(d), b, state) for d, state in zip((accelerator, "cpu"), states, strict=True)))
    for there, here in zip(*(state.values() for state in states), strict=True):
        like(there, here)

    def value(t):
        return objective.value(t.view(2, b, b)) if objective.all_pairs else objective.value(t[:, :b], t[:, b:])

    there = value(scores.to(accelerator))
    like(there, value(scores))
    if name in ("nwj", "tuba"):
        assert there.dtype == device.widest(there.device)


def test_formulas(accelerator):
    t, r = (torch.randn(2, 9, generator=seeded()) + shift for shift in (0, 1))
    for formula in (formulas.donsker_varadhan, formulas.nwj, formulas.tuba, formulas.js, formulas.smile):
        like(formula(t.to(accelerator), r.to(accelerator)), formula(t, r))
    log_m = torch.tensor([0.1, 0.2])
    like(formulas.mine(t.to(accelerator), r.to(accelerator), log_m.to(accelerator)), formulas.mine(t, r, log_m))
    like(formulas.moving_average(log_m.to(accelerator), r.to(accelerator), 0.3), formulas.moving_average(log_m, r, 0.3))
    like(formulas.tuba(t.to(accelerator), r.to(accelerator), log_m[:, None]), formulas.tuba(t, r, log_m[:, None]))


# ---- trainers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, [0, 1]])
@pytest.mark.parametrize("kind", KINDS)
def test_trainers(kind, seed, accelerator):
    here, there = small(kind, seed=seed), small(kind, seed=seed, device=accelerator)
    for trainer in (here, there):
        trainer.step(3)
    np.testing.assert_allclose(here.curves("train"), there.curves("train"), atol=1e-3)
    np.testing.assert_allclose(here.curves(), there.curves(), atol=1e-3)
    for c in there.crews:
        assert {t.device.type for name, t in c.tensors().items() if "count" not in name} == {accelerator}
    z = (torch.cat([X, Y], 1), torch.cat([X, Y.roll(1, 0)], 1)) if kind == "dv" else (X, Y, 2)
    on_it = [part.to(accelerator) for part in z[:2]]
    expected = pytest.approx(here.estimate(*z), abs=1e-3)
    assert there.estimate(*z) == expected
    assert there.estimate(*on_it, *z[2:]) == expected
    assert next(there.member().parameters()).device.type == accelerator


@pytest.mark.parametrize("kind", ["nwj", "tuba", "js", "smile"])
def test_other_objectives_train(kind, accelerator):
    here, there = (CriticTrainer(X, Y, Net(seed=0), 3, kind, device=d, seed=0, lr=5e-3) for d in (None, accelerator))
    assert there.step(3) == pytest.approx(here.step(3), abs=1e-3)


@pytest.mark.parametrize("kind", ["mine", "trained", "infonce"])
def test_ensembles(kind, accelerator, monkeypatch):
    monkeypatch.setattr(errors, "GROUPS", 8)
    here, there = (small(kind, device=d).fit(max_epochs=2, patience=2, seeds=2) for d in ("cpu", accelerator))
    assert there.value == pytest.approx(here.value, abs=1e-3)
    assert there.error == pytest.approx(here.error, rel=0.05)
    assert here.covers == there.covers == "both"


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_goes_from_device_to_device(kind, accelerator, tmp_path):
    through = small(kind)
    through.step(3)
    path, where = tmp_path / "a.pt", [accelerator, "cpu", accelerator]
    for i, d in enumerate(where):
        trainer = small(kind, device=d)
        if i:
            trainer.load(path)
        trainer.step(1)
        trainer.save(path)
        kept = torch.load(path, weights_only=True)["tensors"]
        assert {t.device.type for tensors in kept for t in tensors.values()} == {"cpu"}
    np.testing.assert_allclose(trainer.curves(), through.curves(), atol=1e-3)


def test_samples_and_critics_may_lie_anywhere(accelerator):
    expected = MINETrainer(X, Y, Net(seed=0), 3, seed=0).step(3)
    for data in ("cpu", accelerator):
        for net in ("cpu", accelerator):
            for trainer in ("cpu", accelerator):
                for written in (True, False):
                    critic = Net(seed=0).to(net)
                    one = MINETrainer(
                        X.to(data), Y.to(data), critic, 3, seed=0, device=trainer, written=written,
                        held_out=0.2 if written else tuple(z[:40].to(data) for z in (X, Y)),
                    )  # fmt: skip
                    value = one.step(3)
                    assert math.isfinite(value)
                    if written:
                        assert value == pytest.approx(expected, abs=1e-3)
                    assert {p.device.type for p in critic.parameters()} == {trainer}


QUICK = {"seeds": 2, "max_epochs": 2, "patience": 2, "covers": "optimisation"}
MODELLED = ["doe", "l1out", "pq", "doe+mine", "pq+dv", "gm+nwj"]


@pytest.mark.parametrize("method", ["mine", "minee", "nwj", "infonce", "ksg", "kde", "bins", *MODELLED])
def test_the_front_door(method, accelerator):
    options = {"parts": 3} if method in ("ksg", "kde", "bins") else QUICK
    here, there = (mi_lab.estimate(X[:120], Y[:120], method, device=d, **options) for d in ("cpu", accelerator))
    assert there.value == pytest.approx(here.value, abs=2e-3)
    assert there.error == pytest.approx(here.error, rel=0.05, abs=1e-3)
    on_it = mi_lab.estimate(X[:120].to(accelerator), Y[:120].to(accelerator), method, device=accelerator, **options)
    assert on_it.value == there.value


PROCESSOR = ("auto", "counts")  # too little work for a device


@pytest.mark.parametrize("method", [*(m for m in mi_lab.METHODS if m not in PROCESSOR), "doe+mine", "pq+smile"])
def test_the_front_door_takes_the_work_to_the_device(method, monkeypatch):
    options = {"parts": 2} if method in ("ksg", "kde", "bins") else QUICK | {"max_epochs": 1}
    with standin("cuda", monkeypatch) as it:
        mi_lab.estimate(X[:60], Y[:60], method, device="cpu", **options)
        assert it.largest == 0
        mi_lab.estimate(X[:60], Y[:60], method, device="cuda", **options)
        assert it.largest > 0
        with pytest.raises(ValueError, match="unknown device 'abacus'"):
            mi_lab.estimate(X, Y, method, device="abacus")


@pytest.mark.parametrize("method", PROCESSOR)
def test_work_that_a_device_would_only_slow_down_stays_on_the_processor(method, monkeypatch):
    x, y = (v[:60].round() if method == "counts" else v[:60] for v in (X, Y))
    with standin("cuda", monkeypatch) as it:
        here = mi_lab.estimate(x, y, method, device="cpu")
        assert mi_lab.estimate(x, y, method, device="cuda").value == here.value
        assert it.largest == 0
        with pytest.raises(ValueError, match="unknown device 'abacus'"):
            mi_lab.estimate(x, y, method, device="abacus")


# ---- what a real device would be slow or wrong by -----------------------------------------------------------------


def trainers(n):
    """A trainer of each kind with n steps an epoch."""
    options = {"device": "cuda", "seed": [0, 1], "lr": 5e-3}
    z, z_ref = torch.cat([X, Y], 1), torch.cat([X, Y.roll(1, 0)], 1)
    return {
        "mine": lambda: MINETrainer(X, Y, Net(seed=0), n, **options),
        "autograd": lambda: MINETrainer(X, Y, Net(seed=0), n, written=False, **options),
        "dv": lambda: DVTrainer(z, z_ref, Net(seed=0), n, **options),
        "minee": lambda: MINEETrainer(X, Y, Net(seed=0), n, **options),
        "trained": lambda: MINEETrainer(X, Y, Net(seed=0), n, reference="trained", **options),
        "infonce": lambda: CriticTrainer(X, Y, Separable(seed=0), n, "infonce", **options),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_no_step_waits_for_the_device(kind, monkeypatch):
    """What waits for an answer, or brings something over, does so once an epoch, however many steps that has."""
    counts = []
    with standin("cuda", monkeypatch) as it:
        for n in (4, 16):
            trainer = trainers(n)[kind]()
            trainer.step(1)
            it.forget()
            trainer.step(1)
            counts.append((len(it.waits), len(it.copies)))
    assert counts[0][0] == counts[1][0] > 0
    if kind == "trained":  # its reference is moved by fresh noise at every step, which the CPU draws
        assert counts[0][1] < counts[1][1]
    else:
        assert counts[0][1] == counts[1][1] > 0


def newer(where):
    if not hasattr(torch.backends.cuda.matmul, "fp32_precision"):
        pytest.skip("this torch knows one way of asking for TF32")
    where.fp32_precision = "tf32"


ASKED = {
    "nothing": lambda: None,
    "set_float32_matmul_precision": lambda: torch.set_float32_matmul_precision("high"),
    "allow_tf32": lambda: setattr(torch.backends.cuda.matmul, "allow_tf32", True),
    "matmul.fp32_precision": lambda: newer(torch.backends.cuda.matmul),
    "backends.fp32_precision": lambda: newer(torch.backends),
}


def precisions():
    """What torch says of TF32, in all ways of asking."""
    out = []
    for ask in (
        torch.get_float32_matmul_precision,
        lambda: torch.backends.cuda.matmul.allow_tf32,
        lambda: getattr(torch.backends.cuda.matmul, "fp32_precision", None),
        lambda: getattr(torch.backends.mkldnn.matmul, "fp32_precision", None),
    ):
        try:
            out.append(ask())
        except RuntimeError:
            out.append("mixed")
    return out


@pytest.mark.parametrize("asked", ASKED)
def test_critics_are_never_scored_in_tf32(asked, monkeypatch):
    fresh = torch.backends.fp32_precision if hasattr(torch.backends, "fp32_precision") else None
    try:
        ASKED[asked]()
        before = precisions()
        with standin("cuda", monkeypatch) as it:
            for kind in ("mine", "autograd"):
                it.forget()
                trainer = small(kind, device="cuda")
                trainer.step(2)
                trainer.estimate(X, Y, 2)
                trainer.estimate(shuffles=2)
                assert it.precisions == {False}
            z = torch.cat([X, Y], 1).to("cuda")
            it.forget()
            small("dv", device="cuda").estimate(z, z)
            mi_lab.bins(X.to("cuda"), Y.to("cuda"), soft="cubic")
            assert it.precisions == {False}
        assert precisions() == before
    finally:
        torch.set_float32_matmul_precision("highest")
        if fresh is not None:
            torch.backends.fp32_precision = fresh
            torch.backends.cuda.matmul.fp32_precision = torch.backends.mkldnn.matmul.fp32_precision = fresh


def test_an_autocast_of_the_caller_s_is_not_in_force():
    values = []
    for half in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            for written in (True, False):
                trainer = MINETrainer(X, Y, Net(seed=0), 3, seed=0, written=written)
                values.append((trainer.step(2), trainer.estimate(X, Y, 2)))
    assert values[:2] == values[2:]


def test_a_compiled_critic_on_cuda_asks_for_graphs_and_keeps_no_borrowed_answer(monkeypatch):
    """A CUDA graph writes every answer into the same memory.  The stand-in can't record one, but it can do that."""
    asked = []

    def graphs(f, **how):
        asked.append(how)
        last = []

        def replay(*inputs):
            for t in last:
                t.fill_(math.nan)
            out = f(*inputs)
            last[:] = [out.detach()]
            return out

        return replay

    monkeypatch.setattr(torch, "compile", graphs)
    monkeypatch.setattr(crew, "EVALUATION_ROWS", 7)
    plain = small("autograd", seed=[0, 1])
    with standin("cuda", monkeypatch):
        lent = small("autograd", seed=[0, 1], compile=True, device="cuda")
        values = [t.step(3) for t in (plain, lent)]
        assert asked == [{"mode": "reduce-overhead"}] * len(asked)
        assert asked
        assert values[1] == pytest.approx(values[0], abs=1e-4)
        np.testing.assert_allclose(lent.curves("train"), plain.curves("train"), atol=1e-4)
