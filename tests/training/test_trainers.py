"""Trainers: they reach the truth, members are separate runs, and every ending leaves a good state."""

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from mi_lab import device
from mi_lab.critics import Net, Separable
from mi_lab.laws import BivariateGaussian, CorrelatedGaussian, course_data
from mi_lab.references import CyclicShift
from mi_lab.trainers import CriticTrainer, DVTrainer, MINEETrainer, MINETrainer

X, Y, TRUTH = course_data()
FEW = X[:120], Y[:120]


def divergence(net=None, **options):
    x, y = BivariateGaussian(0.8).sample(300, 0)
    z_ref = torch.cat(BivariateGaussian(0.8).sample_product(450, 1), 1)
    return DVTrainer(torch.cat([x, y], 1), z_ref, net or Net(seed=0), 4, **options)


def small(kind, **options):
    """A trainer of every kind on few samples."""
    options = {"lr": 5e-3, "seed": 0} | options
    if kind == "dv":
        return divergence(**options)
    if kind == "minee":
        return MINEETrainer(*FEW, Net(seed=0), 3, **options)
    if kind == "trained":
        return MINEETrainer(*FEW, Net(seed=0), 3, reference="trained", **options)
    if kind == "infonce":
        return CriticTrainer(*FEW, Separable(seed=0), 3, "infonce", **options)
    if kind == "autograd":
        return MINETrainer(*FEW, Net(seed=0), 3, written=False, **options)
    return MINETrainer(*FEW, Net(seed=0), 3, **options)


KINDS = ["mine", "autograd", "dv", "minee", "trained", "infonce"]


def test_the_line_of_the_book():
    trainer = MINETrainer(X, Y, Net(), n_iters_per_epoch=10)
    estimate = trainer.step(10)
    assert isinstance(estimate, float)
    assert estimate == trainer.history["held_out"][-1] == trainer.value
    assert len(trainer.history["train"]) == 10
    assert trainer.history["step"][-1] == 100


def test_mine_on_the_course_data_over_eight_seeds():
    """On held-out samples of the same law the mean over 8 seeds is within .06 of the truth."""
    law = BivariateGaussian(1 - 0.19 * np.random.default_rng(0).random())
    trainer = MINETrainer(X, Y, Net(), 10, held_out=law.sample(2000, seed=1), seed=range(8))
    estimate = trainer.step(40)
    ratio = law.log_ratio(*trainer.test_data)  # what the held-out samples themselves say
    assert abs(estimate - TRUTH) < 0.06
    assert abs(estimate - float(ratio.mean())) < 0.06
    assert trainer.curves("held_out").shape == trainer.curves("train").shape == (8, 40)
    assert np.mean(trainer.history["train"][0]) < 0.05  # it starts near nothing


@pytest.mark.parametrize("kind", KINDS)
def test_members_are_separate_runs(kind):
    critic = Separable if kind == "infonce" else Net
    together = small(kind, seed=[3, 5, 8])
    together.step(6)
    for k, seed in enumerate([3, 5, 8]):
        alone = small(kind, seed=seed)
        alone.problem.net = critic(seed=seed)
        alone.begin()
        alone.step(6)
        for name in ("train", "held_out"):
            np.testing.assert_allclose(together.curves(name)[k], alone.curves(name)[0], atol=2e-4)
        if kind in ("mine", "autograd"):  # up to a constant, which no objective sees and rounding moves
            x, y = torch.randn(2, 50, 1)
            a, b = (t.member(i)(x, y).detach() for t, i in ((together, k), (alone, 0)))
            np.testing.assert_allclose(a - a.mean(), b - b.mean(), atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_repeats_a_run_and_another_does_not(kind):
    one, two, other = small(kind), small(kind), small(kind, seed=1)
    values = [t.step(3) for t in (one, two, other)]
    assert values[0] == values[1] != values[2]
    assert one.history == two.history


def test_written_and_autograd_agree():
    a, b = small("mine"), small("autograd")
    a.step(5)
    b.step(5)
    np.testing.assert_allclose(a.history["held_out"], b.history["held_out"], atol=1e-4)
    assert a.m == pytest.approx(b.m, rel=1e-4)


@pytest.mark.parametrize("objective", ["dv", "nwj", "js", "smile", "tuba"])
def test_every_objective_learns(objective):
    law = BivariateGaussian(0.9)
    x, y = law.sample(800, 0)
    trainer = CriticTrainer(x, y, Net(std=None, seed=0), 8, objective, held_out=law.sample(4000, 1), lr=3e-3)
    trainer.step(40)
    ratio = law.log_ratio(*trainer.test_data).double()
    error = math.sqrt((ratio.var() + 1 / (1 - law.rho**2) - 1) / len(ratio))  # of avg t and of avg e^t
    assert abs(trainer.estimate() - law.mutual_information) < 4 * error + 0.08


def test_infonce_learns_and_is_capped():
    law = CorrelatedGaussian.with_information(4.0, d=4)
    x, y = law.sample(2000, 0)
    trainer = CriticTrainer(x, y, Separable(4, 4, seed=0), 80, "infonce")
    estimate = trainer.step(8)
    cap = math.log(trainer.batch_size)
    assert 0.6 * cap < estimate <= cap < 4.0


def test_without_held_out_samples_the_training_value_is_reported_and_over_fits():
    x, y = torch.randn(2, 60, 5, generator=torch.Generator().manual_seed(0))  # independent: the truth is 0
    trainer = MINETrainer(x, y, Net(10, std=None, seed=0), 1, beta=0, held_out=None, lr=3e-3, reference=CyclicShift(7))
    estimate = trainer.step(300)
    assert estimate == trainer.history["train"][-1]
    assert "held_out" not in trainer.history
    honest = MINETrainer(x, y, Net(10, std=None, seed=0), 1, beta=0, lr=3e-3)
    assert estimate > 0.3 > honest.step(30)


@pytest.mark.parametrize("seed", [0, [1, 2]])
def test_a_compiled_critic_trains_alike(seed):
    plain, compiled = small("autograd", seed=seed), small("autograd", seed=seed, compile="aot_eager")
    plain.step(3)
    compiled.step(3)
    np.testing.assert_allclose(compiled.curves(), plain.curves(), atol=1e-4)


def test_held_out_rows_are_never_trained_on():
    for kind in ("mine", "minee", "dv"):
        trainer = small(kind, seed=[1, 2], split_seed=None)
        for member in trainer.members:
            for a, b, z in zip(member.train, member.test, trainer.data, strict=False):
                assert not set(a.tolist()) & set(b.tolist())
                assert len(a) + len(b) == len(z)
    shared = small("mine", seed=[1, 2], split_seed=7)
    rows = [member.test[0].tolist() for member in shared.members]
    assert rows[0] == rows[1]


def test_held_out_samples_of_one_s_own():
    law = BivariateGaussian(0.8)
    test = law.sample(50, 1)
    trainer = MINETrainer(*FEW, Net(seed=0), 3, held_out=test)
    trainer.step(2)
    assert trainer.n_train == (120,)
    assert trainer.test_data[0].shape == (50, 1)
    z, z_ref = torch.cat(test, 1), torch.cat(law.sample_product(60, 2), 1)
    assert math.isfinite(divergence(held_out=(z, z_ref)).step(2))


def test_the_estimate_is_donsker_varadhan_of_the_critic():
    trainer = small("mine")
    trainer.step(10)
    x, y = BivariateGaussian(0.8).sample(30, 5)
    net = trainer.member()
    with torch.no_grad():
        t = net(x, y)
        r = torch.cat([net(x, y.roll(-s, 0)) for s in range(1, 30)])
    expected = t.double().mean() - r.double().exp().mean().log()
    assert trainer.estimate(x, y, shuffles=29) == pytest.approx(float(expected), abs=1e-5)


def test_minee_reports_its_divergences_apart():
    trainer = MINEETrainer(X, Y, Net(seed=0), 10, factor=1.5, seed=0)
    estimate = trainer.step(40)
    d = trainer.divergences
    assert estimate == pytest.approx(d["xy"] - d["x"] - d["y"])
    # a standard Gaussian against one 1.5 times as wide: log f + 1/(2 f^2) - 1/2
    expected = math.log(1.5) + 1 / (2 * 1.5**2) - 0.5
    assert d["x"] == pytest.approx(expected, abs=0.12)
    assert d["y"] == pytest.approx(expected, abs=0.12)
    assert estimate == pytest.approx(TRUTH, abs=0.25)


def test_a_trained_reference_comes_to_the_marginals():
    trainer = MINEETrainer(X, Y, Net(std=None, seed=0), 10, reference="trained", lr=3e-3)
    (mean, width) = trainer.members[0].reference.first
    before = width.exp().item()
    trainer.step(40)
    after = trainer.members[0].reference.first[1].exp().item()
    assert before == pytest.approx(2 * X.std().item(), rel=1e-3)
    assert abs(after - X.std().item()) < 0.35 * X.std().item()
    assert abs(trainer.members[0].reference.first[0].item() - X.mean().item()) < 0.35


# ---- endings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["mine", "autograd", "minee"])
def test_a_value_that_is_not_finite_ends_training_at_the_last_good_epoch(kind):
    trainer = small(kind)
    trainer.step(3)
    good, value = [t.clone() for t in trainer.crews[0].tensors().values()], trainer.value
    gradient = type(trainer.objective).gradient
    calls = []

    def breaks(self, scores, b, state=None):
        calls.append(1)
        return gradient(self, scores, b, state) * (math.nan if len(calls) == 2 else 1)

    patched = type("Breaks", (type(trainer.objective),), {"gradient": breaks})
    object.__setattr__(trainer.objective, "__class__", patched)
    with pytest.warns(UserWarning, match="seed 0 was no longer finite in epoch 4: .* a smaller lr helps"):
        assert trainer.step(5) == value
    assert "no longer finite" in trainer.stopped
    assert len(trainer.history["train"]) == 3
    assert all(torch.equal(a, b) for a, b in zip(good, trainer.crews[0].tensors().values(), strict=True))


def test_a_member_that_is_lost_leaves_the_others_alone():
    trainer, whole = small("mine", seed=[0, 1, 2]), small("mine", seed=[0, 1, 2])
    trainer.step(2)
    whole.step(6)
    broken = trainer.crews[0].engines["joint"].theta
    broken[0] = math.nan
    with pytest.warns(UserWarning, match="seed 0 was no longer finite in epoch 3"):
        trainer.step(4)
    assert trainer.alive.tolist() == [False, True, True]
    assert trainer.stopped is None
    curves = trainer.curves()
    assert np.isfinite(curves).all()
    assert len(set(curves[0, 1:])) == 1  # it keeps the value it had
    np.testing.assert_array_equal(curves[1:], whole.curves()[1:])


def test_ctrl_c_keeps_what_was_trained():
    trainer = small("mine")
    timer = threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    before = signal.getsignal(signal.SIGINT)
    with pytest.warns(UserWarning, match="interrupted after"):
        value = trainer.step(100_000)
    timer.join()
    assert 0 < trainer.steps < 300_000
    assert math.isfinite(value)
    assert signal.getsignal(signal.SIGINT) is before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.step(1)  # and it goes on


def test_training_in_another_thread():
    out = []
    thread = threading.Thread(target=lambda: out.append(small("mine").step(3)))
    thread.start()
    thread.join()
    assert out == [small("mine").step(3)]


# ---- save and load -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, [1, 2, 3]])
@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_trainer_goes_on_bit_for_bit(kind, seed, tmp_path):
    through, first = small(kind, seed=seed), small(kind, seed=seed)
    through.step(3)
    first.step(3)
    first.save(tmp_path / "a.pt")
    through.step(4)
    second = small(kind, seed=seed).load(tmp_path / "a.pt")
    second.step(4)
    for name, past in through.history.items():
        np.testing.assert_array_equal(np.asarray(past), np.asarray(second.history[name]))
    for a, b in zip(through.crews, second.crews, strict=True):
        for name, t in a.tensors().items():
            assert torch.equal(t, b.tensors()[name]), name


def test_a_checkpoint_made_with_other_cores(tmp_path, monkeypatch):
    a = small("mine", seed=[1, 2, 3])
    a.step(2)
    a.save(tmp_path / "a.pt")
    monkeypatch.setattr(device, "cores", lambda: 1)
    b = small("mine", seed=[1, 2, 3]).load(tmp_path / "a.pt")
    assert len(b.crews) == 1
    np.testing.assert_allclose(a.step(2), b.step(2), atol=1e-4)


def test_a_kill_in_the_middle_of_writing_loses_nothing(tmp_path):
    path = tmp_path / "a.pt"
    program = textwrap.dedent(
        f"""
        from mi_lab import MINETrainer, Net, course_data
        X, Y, _ = course_data()
        trainer = MINETrainer(X[:120], Y[:120], Net(seed=0), 3, seed=0, lr=5e-3)
        trainer.step(1)
        trainer.save({str(path)!r})
        print("saved", flush=True)
        while True:
            trainer.save({str(path)!r})
        """
    )
    for delay in (0.0, 0.013, 0.031):
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=os.environ)
        assert child.stdout.readline() == b"saved\n"
        threading.Event().wait(delay)
        child.kill()
        child.wait()
        assert len(small("mine").load(path).history["train"]) == 1


def test_what_cannot_be_loaded(tmp_path):
    trainer = small("mine")
    with pytest.raises(ValueError, match="there is no checkpoint"):
        trainer.load(tmp_path / "none.pt")
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(ValueError, match="isn't a checkpoint of mi_lab"):
        trainer.load(tmp_path / "text.pt")
    torch.save({"a": 1}, tmp_path / "foreign.pt")
    with pytest.raises(ValueError, match="isn't a checkpoint of mi_lab"):
        trainer.load(tmp_path / "foreign.pt")
    trainer.save(tmp_path / "a.pt")
    with pytest.raises(ValueError, match="saved with trainer = 'MINETrainer', and this trainer has 'MINEETrainer'"):
        small("minee").load(tmp_path / "a.pt")
    with pytest.raises(ValueError, match="saved with seeds = \\[0\\]"):
        small("mine", seed=4).load(tmp_path / "a.pt")
    with pytest.raises(ValueError, match="saved with sums"):
        MINETrainer(FEW[0] + 1, FEW[1], Net(seed=0), 3, lr=5e-3).load(tmp_path / "a.pt")
    with pytest.raises(ValueError, match="no folder"):
        trainer.save(tmp_path / "nowhere" / "a.pt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pt", "foreign.pt", "text.pt"]


# ---- TensorBoard -------------------------------------------------------------------------------------------------


def test_tensorboard_holds_loss_estimates_and_truth(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trainer = small("mine", writer_params={"log_dir": str(tmp_path)}, truth=TRUTH)
    trainer.step(5)
    read = {}
    for run in ("train", "held_out", "truth"):
        events = EventAccumulator(str(tmp_path / run))
        events.Reload()
        read[run] = {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}
    for run in ("train", "held_out"):
        np.testing.assert_allclose([e.value for e in read[run]["estimate"]], trainer.history[run], rtol=1e-6)
        assert [e.step for e in read[run]["estimate"]] == trainer.history["step"]
    assert {round(e.value, 4) for e in read["truth"]["estimate"]} == {round(TRUTH, 4)}
    assert [e.step for e in read["train"]["loss"]] == trainer.history["step"]
    assert [e.step for e in read["truth"]["estimate"]] == [0, 15]


def test_threads_are_put_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        small("mine").step(1)
        small("mine", seed=[1, 2]).step(1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_constant_variable_has_no_information():
    with pytest.warns(UserWarning, match="X is constant in all 120 samples"):
        trainer = MINETrainer(torch.ones(120, 1), FEW[1], Net(seed=0), 3)
    assert trainer.step(4) == 0
    assert trainer.estimate() == 0
    assert trainer.history["held_out"] == [0] * 4
    estimate = trainer.fit()
    assert (estimate.value, estimate.error) == (0, 0)


# ---- bad input ---------------------------------------------------------------------------------------------------


class Pair(nn.Module):
    def forward(self, x, y):
        return torch.stack([x, y])


N1, N2 = Net(seed=0), [Net(seed=0)]
SAMPLES = {
    "NaN": (lambda t: t.where(t > t.min(), torch.tensor(math.nan)), "1 NaN"),
    "inf": (lambda t: t.where(t > t.min(), torch.tensor(math.inf)), "1 infinite"),
    "three axes": (lambda t: t[:, :, None], "has shape"),
    "empty": (lambda t: t[:0], "n = 0"),
    "one sample": (lambda t: t[:1], "n = 1"),
    "text": (lambda t: ["a"] * len(t), "dtype"),
    "shorter": (lambda t: t[:-1], "119"),
}
MAKE = {
    "MINETrainer": lambda x, y: MINETrainer(x, y, Net(seed=0), 3),
    "MINEETrainer": lambda x, y: MINEETrainer(x, y, Net(seed=0), 3),
    "CriticTrainer": lambda x, y: CriticTrainer(x, y, Net(seed=0), 3, "nwj"),
}


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("case", SAMPLES)
@pytest.mark.parametrize("kind", MAKE)
def test_bad_samples(kind, case, which):
    spoil, said = SAMPLES[case]
    pair = [spoil(t) if k == which else t for k, t in enumerate(FEW)]
    with pytest.raises(ValueError, match=said) as error:
        MAKE[kind](*pair)
    assert ("Y" if which else "X") in str(error.value)


Z = torch.cat(FEW, 1)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("case", [c for c in SAMPLES if c != "shorter"])
def test_bad_samples_of_a_divergence(case, which):
    spoil, said = SAMPLES[case]
    pair = [spoil(Z) if k == which else Z for k in range(2)]
    with pytest.raises(ValueError, match=f"^{('Z ', 'Z_ref ')[which]}.*{said}"):
        DVTrainer(*pair, Net(2), 3)


OPTIONS = {
    "no critic": (lambda: MINETrainer(*FEW, "Net", 3), "net is a str"),
    "a class": (lambda: MINETrainer(*FEW, Net, 3), "net is a type"),
    "a critic of other columns": (lambda: MINETrainer(*FEW, Net(3), 3), "takes 3 columns and got 2"),
    "a critic of one input": (lambda: MINETrainer(*FEW, nn.Linear(2, 1), 3), "critic can't score samples of 2 columns"),
    "a critic of many answers": (lambda: MINETrainer(*FEW, Pair(), 3), "wanted one score each"),
    "more batches than samples": (
        lambda: MINETrainer(*FEW, N1, 60),
        "n_iters_per_epoch = 60 batches of at least",
    ),
    "more batches than references": (lambda: DVTrainer(Z, Z[:8], N1, 10), "and there are 4: take fewer batches"),
    "no batches": (lambda: MINETrainer(*FEW, N1, 0), "n_iters_per_epoch = 0"),
    "half a batch": (lambda: MINETrainer(*FEW, N1, 2.5), "n_iters_per_epoch = 2.5"),
    "a reference that isn't one": (
        lambda: MINETrainer(*FEW, N1, 3, reference="all"),
        "unknown reference 'all'",
    ),
    "a law for one divergence": (lambda: MINETrainer(*FEW, N1, 3, reference="gaussian"), "use MINEETrainer"),
    "resampling for MI-NEE": (lambda: MINEETrainer(*FEW, N1, 3, reference="permutation"), "wanted|wants a law"),
    "a narrow reference": (
        lambda: MINEETrainer(*FEW, N1, 3, reference="uniform", factor=0.5),
        "divergence from it is",
    ),
    "no reference samples": (lambda: MINEETrainer(*FEW, N1, 3, n_ref=1), "n_ref = 1"),
    "critics by other names": (lambda: MINEETrainer(*FEW, {"a": N1}, 3), "net has the keys a, wanted: xy, x, y"),
    "a critic that has no likeness": (lambda: MINEETrainer(*FEW, Separable(), 3), "takes a dict of them"),
    "laws apart": (lambda: DVTrainer(Z, Z + 100, N1, 3), "don't overlap in column 0 .*divergence is infinite"),
    "laws of other columns": (lambda: DVTrainer(Z, Z[:, :1], N1, 3), "Z_ref has 1 columns, wanted 2 as in Z"),
    "pairs for a divergence": (lambda: DVTrainer(Z, Z, N1, 3, objective="infonce"), "use CriticTrainer"),
    "an unknown objective": (lambda: CriticTrainer(*FEW, N1, 3, "kl"), "wanted one of: mine, dv, nwj"),
    "all held out": (lambda: MINETrainer(*FEW, N1, 3, held_out=1.0), "held_out = 1.0"),
    "held out in words": (lambda: MINETrainer(*FEW, N1, 3, held_out="half"), "held_out = 'half'"),
    "three sets held out": (lambda: MINETrainer(*FEW, N1, 3, held_out=(X, Y, X)), "held_out has 3 parts"),
    "other columns held out": (lambda: MINETrainer(*FEW, N1, 3, held_out=(Z, Y[:120])), "held-out X has 2 columns"),
    "lengths held out": (lambda: MINETrainer(*FEW, N1, 3, held_out=(X, Y[:5])), "held-out X has 1000 samples"),
    "a negative seed": (lambda: MINETrainer(*FEW, N1, 3, seed=-1), "seed = -1"),
    "no seed": (lambda: MINETrainer(*FEW, N1, 3, seed=[]), "seed = \\[\\]"),
    "a seed in words": (lambda: MINETrainer(*FEW, N1, 3, seed="one"), "seed = 'one'"),
    "a seed twice": (lambda: MINETrainer(*FEW, N1, 3, seed=[1, 1]), "names a seed twice"),
    "an option that Adam lacks": (lambda: MINETrainer(*FEW, N1, 3, momentum=0.9), "unknown option 'momentum'"),
    "no learning": (lambda: MINETrainer(*FEW, N1, 3, lr=-1), "lr = -1"),
    "beta": (lambda: MINETrainer(*FEW, N1, 3, beta=2), "beta = 2"),
    "m": (lambda: MINETrainer(*FEW, N1, 3, m=-1), "m = -1"),
    "a compiler that isn't": (
        lambda: MINETrainer(*FEW, N1, 3, compile="cc"),
        "compile = 'cc', wanted True, False or one",
    ),
    "a device that isn't": (lambda: MINETrainer(*FEW, N1, 3, device="tpu9"), "unknown device 'tpu9'"),
    "writer": (lambda: MINETrainer(*FEW, N1, 3, writer_params="runs"), "writer_params = 'runs', wanted a dict"),
    "no epochs": (lambda: small("mine").step(0), "epochs = 0"),
    "an unknown curve": (lambda: small("mine").curves("loss"), "history has no 'loss', it has: epoch, step"),
    "a member too many": (lambda: small("mine").member(1), "k = 1, and the 1 members"),
    "an unknown term": (lambda: small("minee").member(0, "z"), "unknown term 'z', wanted one of: xy, x, y"),
    "half a pair": (lambda: small("mine").estimate(X), "only one of X and Y"),
    "nothing to evaluate on": (lambda: small("mine", held_out=None).estimate(), "nothing was held out"),
    "no shuffles": (lambda: small("mine").estimate(shuffles=0), "shuffles = 0"),
    "other columns to evaluate": (lambda: small("mine").estimate(Z, X[:120]), "X has 2 columns, wanted 1"),
    "half a divergence": (lambda: divergence().estimate(Z), "only one of Z and Z_ref"),
    "fit without held-out": (lambda: small("mine", held_out=None).fit(), "nothing was held out"),
    "fit without epochs": (lambda: small("mine").fit(max_epochs=0), "max_epochs = 0"),
    "fit without patience": (lambda: small("mine").fit(patience=-1), "patience = -1"),
    "fit without seeds": (lambda: small("mine").fit(seeds=0), "seeds = 0"),
    "fit covering anything": (lambda: small("mine").fit(seeds=2, covers="all"), "covers = 'all', wanted one of: both"),
    "one run's spread": (lambda: small("mine").fit(covers="optimisation"), "wants several seeds"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_bad_options(case):
    bad, said = OPTIONS[case]
    with pytest.raises(ValueError, match=said) as error:
        bad()
    assert "\n" not in str(error.value)
