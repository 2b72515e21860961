"""A term in somebody's loss: whose gradient it has, what it leaves alone, what it refuses, how it stops and goes on."""

import copy
import math
import re
import warnings

import pytest
import torch

from mi_lab import MITerm, Net, clipped

METHODS = ("mine", "dv", "nwj", "js", "smile", "remine", "tuba", "alpha-tuba", "infonce", "flo", "hd-dime", "minee")


def draw(n=64, d=1, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=g), torch.randn(n, d, generator=g)


def joint(r=1.0, seed=0, n=64):
    """Return x and z = r x + noise, with the graph of r if it has one."""
    x, e = draw(n, seed=seed)
    return x, r * x + e


class Perfect(torch.nn.Module):
    """The true log-ratio of z = r x + noise; its weight is there to be optimised, and moves nothing."""

    def __init__(self, r):
        super().__init__()
        self.idle, self.r = torch.nn.Parameter(torch.zeros(1)), r

    def forward(self, x, z):
        v = 1 + self.r**2
        ratio = 0.5 * math.log(v) - (z - self.r * x) ** 2 / 2 + z**2 / (2 * v)
        return ratio[:, 0] + 0 * self.idle


# ---- the gradient --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "shift"), [("dv", 0.0), ("nwj", 1.0), ("js", 0.0), ("remine", 0.0), ("demi", 0.0)])
def test_at_the_best_critic_the_gradient_is_that_of_the_information(method, shift):
    """dI/dr = r / (1 + r²): the critic needn't be differentiated, for it stands at its best."""
    found, r = [], 0.8
    critic = Perfect(r)
    if shift:
        critic.forward = lambda x, z: Perfect.forward(critic, x, z) + shift
    for seed in range(12):
        w = torch.tensor(r, requires_grad=True)
        term = MITerm(method, 1, 1, critic=critic, standardise=False, seed=seed).eval()
        term(*joint(w, seed, 2000)).backward()
        found.append(float(w.grad))
    found = torch.tensor(found)
    assert abs(float(found.mean()) - r / (1 + r**2)) < 4 * float(found.std()) / math.sqrt(len(found))


@pytest.mark.parametrize("method", METHODS)
def test_the_critic_and_the_model_leave_each_other_alone(method):
    """The critic is part of the model here, and the model's optimiser holds all: it still moves the encoder alone."""
    model = torch.nn.Module()
    model.encoder, model.term = torch.nn.Linear(2, 2), MITerm(method, 2, 2, steps=1)
    model.term(*draw(d=2))  # one step, so that nothing is zero any more
    everything = torch.optim.SGD(model.parameters(), lr=1.0)
    x, e = draw(d=2, seed=1)
    z = model.encoder(x) + e
    kept = copy.deepcopy(z.detach())
    loss = -model.term(x, z)
    critic = [p.clone() for p in model.term.parameters()]
    assert model.encoder.weight.grad is None  # the critic's steps don't reach the encoder
    loss.backward()
    everything.step()
    assert model.encoder.weight.grad.abs().sum() > 0
    assert all(torch.equal(a, b) for a, b in zip(critic, model.term.parameters(), strict=True))
    assert torch.equal(z.detach(), kept)


def test_the_value_is_of_a_batch_the_critic_has_not_learned_from():
    """Pure noise, one batch again and again: learned by heart, it would look like information."""
    x, z = draw(64, 4)
    fresh, again = (MITerm("dv", 4, 4, critic=Net(8, std=None, seed=0), lr=5e-3, steps=10) for _ in range(2))
    new = [float(fresh(*draw(64, 4, seed=s))) for s in range(20)]
    old = [float(again(x, z)) for s in range(20)]
    assert sum(new[-5:]) / 5 < 0.05
    assert sum(old[-5:]) / 5 > 0.5


def test_nothing_is_learned_in_eval_or_without_gradients():
    term = MITerm("mine", 1, 1)
    before = [p.clone() for p in term.parameters()]
    with torch.no_grad():
        term(*joint())
    term.eval()(*joint(torch.tensor(1.0, requires_grad=True)))
    assert term.calls == 0
    assert all(torch.equal(a, b) for a, b in zip(before, term.parameters(), strict=True))


def test_images_are_flattened_and_both_ends_may_move():
    x = torch.randn(16, 1, 2, 2, requires_grad=True)
    z = torch.randn(16, requires_grad=True)
    term = MITerm("mine", 4, 1)
    term(x.detach(), z.detach())
    term(x, z).backward()
    assert x.grad.abs().sum() > 0
    assert z.grad.abs().sum() > 0


# ---- signs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("maximise", [True, False])
def test_the_wrong_sign_is_refused_when_the_gradient_is_taken(maximise):
    r = torch.tensor(1.0, requires_grad=True)
    term = MITerm("mine", 1, 1, maximise=maximise)
    sign = -1 if maximise else 1
    term(*joint())
    (0.0 * term(*joint(r))).backward()  # a weight of zero says nothing yet
    with pytest.raises(ValueError, match=re.escape(f"wanted task {'-' if maximise else '+'} weight * term(x, z)")):
        (r**2 - sign * 0.1 * term(*joint(r))).backward()
    (r**2 + sign * 0.1 * term(*joint(r))).backward()


@pytest.mark.parametrize("maximise", [True, False])
def test_loss_has_the_sign_that_was_said(maximise):
    grads = []
    for with_term in (False, True):
        r = torch.tensor(1.0, requires_grad=True)
        term = MITerm("nwj", 1, 1, maximise=maximise)
        for seed in range(30):
            term(*joint(1.0, seed))
        task = (r - 2) ** 2
        (term.loss(task, *joint(r), 0.5) if with_term else task).backward()
        grads.append(float(r.grad))
    assert (grads[1] < grads[0]) == maximise  # descent: a smaller slope takes r, and I, up


# ---- clipping ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [0.001, 1000.0])
def test_the_pull_is_cut_to_the_norm_of_the_task(weight):
    w = torch.tensor([3.0, 4.0], requires_grad=True)
    idle = torch.zeros(3, requires_grad=True)
    task, pull = w.sum(), weight * (w[0] ** 2)  # gradients (1, 1) and (6 weight, 0)
    loss = clipped(task, pull, [w, idle])
    assert loss.item() == pytest.approx(7 + 9 * weight)
    loss.backward()
    cut = min(6 * weight, math.sqrt(2))
    torch.testing.assert_close(w.grad, torch.tensor([1 + cut, 1.0]))


def test_clipping_by_the_term_and_where_nothing_pulls():
    r = torch.tensor(1.0, requires_grad=True)
    term = MITerm("nwj", 1, 1, maximise=True)
    for seed in range(30):
        term(*joint(1.0, seed))
    term.loss(1e-3 * r, *joint(r), 10.0, [r]).backward()
    assert float(r.grad) == pytest.approx(0.0, abs=1e-8)  # +.001 by the task, -.001 by the cut pull
    r.grad = None
    clipped(r**2, torch.tensor(3.0), [r]).backward()
    assert float(r.grad) == 2
    r.grad = None
    clipped(r**2, r * math.nan, [r])
    clipped(0 * r, r, [r]).backward()  # the task has no gradient left: neither has the pull
    assert float(r.grad) == 0


# ---- divergence ----------------------------------------------------------------------------------------------------


def test_a_critic_that_diverges_stops_pulling_warns_once_and_the_task_goes_on():
    r = torch.nn.Parameter(torch.tensor(1.0))
    term = MITerm("nwj", 1, 1, optimiser=lambda p: torch.optim.SGD(p, lr=1e6))
    model = torch.optim.SGD([r], lr=0.1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for seed in range(40):
            value = term(*joint(r, seed))
            assert math.isfinite(float(value.detach()))
            model.zero_grad()
            ((r - 3) ** 2 - value).backward()
            assert math.isfinite(float(r.grad))
            model.step()
    assert term.diverged
    assert float(value.detach()) == 0
    assert [str(w.message) for w in said if "diverged" in str(w.message)] == [str(said[0].message)]
    assert float(r.detach()) == pytest.approx(3, abs=0.01)


def test_a_term_that_stopped_alone_in_a_loss_has_a_gradient_of_zero():
    r = torch.tensor(1.0, requires_grad=True)
    term = MITerm("nwj", 1, 1)
    term.diverged = True
    term(*joint(r)).backward()
    assert float(r.grad) == 0


def test_a_batch_with_nan_is_left_out_and_the_term_goes_on():
    term = MITerm("mine", 1, 1)
    x, z = joint()
    term(x, z)
    z[3] = math.nan
    with pytest.warns(UserWarning, match="leaves such batches out"):
        assert float(term(x, z)) == 0
    assert not term.diverged
    assert term(*joint()).isfinite()


# ---- states --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["mine", "infonce", "minee"])
def test_a_saved_term_goes_on_bit_for_bit(method, tmp_path):
    model = torch.nn.Module()
    model.encoder, model.term = torch.nn.Linear(1, 1), MITerm(method, 1, 1)
    for seed in range(3):
        model.term(*joint(seed=seed))
    torch.save(model.state_dict(), tmp_path / "model.pt")
    there = torch.nn.Module()
    there.encoder, there.term = torch.nn.Linear(1, 1), MITerm(method, 1, 1, seed=5)
    there.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    on = [[float(m.term(*joint(seed=s))) for s in range(3, 7)] for m in (model, there)]
    assert on[0] == on[1]
    assert there.term.calls == 7


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"method": "nwj"}, "saved with method = 'mine', and this one has 'nwj'"),
        ({"z_dim": 2}, "saved with z_dim = 1, and this one has 2"),
        ({"maximise": False}, "saved with maximise = None, and this one has False"),
        ({"beta": 0.5}, "saved with options = {}, and this one has {'beta': 0.5}"),
        ({"critic": Net(2, width=7)}, "saved with critic = "),
    ],
)
def test_another_term_s_state_is_refused_before_anything_changes(other, said):
    saved = MITerm("mine", 1, 1)
    saved(*joint())
    term = MITerm(**({"method": "mine", "x_dim": 1, "z_dim": 1} | other))
    before = [p.clone() for p in term.parameters()]
    with pytest.raises(ValueError, match=re.escape(said)):
        term.load_state_dict(saved.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(before, term.parameters(), strict=True))
    assert term.calls == 0


# ---- what it is used with ------------------------------------------------------------------------------------------


def test_under_autocast_the_critic_keeps_full_precision():
    encoder, term = torch.nn.Linear(1, 1), MITerm("mine", 1, 1)
    x, _ = joint()
    for _ in range(2):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            z = encoder(x)
            value = term(x, z)
    assert z.dtype == torch.bfloat16
    assert value.dtype == torch.float32
    value.backward()
    assert encoder.weight.grad.abs().sum() > 0
    assert all(p.dtype == torch.float32 for p in term.parameters())


@pytest.mark.parametrize("method", ["mine", "infonce", "minee"])
def test_on_a_device_as_on_the_cpu(method, accelerator):
    def run(place):
        r, out = torch.ones(1, device=place, requires_grad=True), []
        term = MITerm(method, 1, 1, steps=2)  # made on the CPU: it goes where z is
        for seed in range(3):
            x, e = (v.to(place) for v in draw(seed=seed))
            value = term(x, r * x + e)
            out.append(float(value.detach()))
        value.backward()
        return torch.tensor([*out, float(r.grad)])

    torch.testing.assert_close(run(accelerator), run("cpu"), atol=1e-4, rtol=1e-4)


def test_a_writer_gets_every_value():
    class Writer:
        def __init__(self):
            self.seen = []

        def add_scalar(self, tag, value, step):
            self.seen.append((tag, value, step))

    writer = Writer()
    term = MITerm("mine", 1, 1, writer=writer, tag="I(x;z)")
    values = [float(term(*joint(seed=s))) for s in range(3)]
    assert writer.seen == [("I(x;z)", v, k + 1) for k, v in enumerate(values)]


# ---- bad input -----------------------------------------------------------------------------------------------------

TERM = MITerm("mine", 2, 1)
X, Z = torch.randn(8, 2), torch.randn(8, 1)
BAD = {
    "x's columns": (lambda: TERM(X[:, :1], Z), "x has 1 column(s), and the term was made with x_dim = 2."),
    "z's columns": (lambda: TERM(X, torch.randn(8, 3)), "z has 3 column(s), and the term was made with z_dim = 1."),
    "lengths": (lambda: TERM(X, Z[:5]), "x has 8 samples and z has 5, wanted equally many, at least 2."),
    "one sample": (lambda: TERM(X[:1], Z[:1]), "x has 1 samples"),
    "an array": (lambda: TERM(X.numpy(), Z), "x is a ndarray, wanted a tensor of real numbers, shape (n, 2)."),
    "log_prob": (lambda: TERM(X, Z, Z[:, 0]), "log_prob is of no use to method 'mine': only \"mige\" takes it."),
    "method": (lambda: MITerm("mone", 1, 1), "unknown method 'mone', wanted one of: mine, dv"),
    "dimension": (lambda: MITerm("mine", 0, 1), "x_dim = 0, wanted a whole number of at least 1."),
    "direction": (lambda: MITerm("mine", 1, 1, maximise="up"), "maximise = 'up', wanted True, False, or None"),
    "option": (lambda: MITerm("mine", 1, 1, tau=3), "'tau' is no option of method 'mine'; wanted one of: m, beta."),
    "no options": (lambda: MITerm("nwj", 1, 1, tau=3), "'tau' is no option of method 'nwj'; it has none."),
    "reference": (lambda: MITerm("mine", 1, 1, reference="gaussian"), "reference = 'gaussian', wanted one of: permu"),
    "critic": (lambda: MITerm("mine", 1, 1, critic=3), "critic is a int, wanted a module of x and z."),
    "critics": (lambda: MITerm("minee", 1, 1, critic=Net()), "wanted a dict of three modules, joint, x and z."),
    "no direction": (lambda: TERM.loss(Z.sum(), X, Z, 1.0), "made without maximise = True or False"),
    "weight": (lambda: MITerm("mine", 2, 1, maximise=True).loss(Z.sum(), X, Z, -1), "weight = -1, wanted a finite"),
    "parameters": (lambda: clipped(Z.sum(), Z.sum(), []), "parameters holds nothing that wants a gradient"),
    "task": (lambda: clipped(Z.sum(), Z.sum(), [Z.clone().requires_grad_()]), "task has no graph"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    call, message = BAD[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
