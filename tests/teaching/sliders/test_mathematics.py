"""What the explorers show is right: browser against Python, and Python against formulas computed otherwise."""

import base64
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from conftest import places
from scipy import integrate, optimize, stats
from scipy.special import digamma

from mi_lab import BivariateGaussian, CorrelatedGaussian, Net, donsker_varadhan, load_run, nwj
from mi_lab.counting import ksg
from mi_lab.teaching.sliders import block
from mi_lab.teaching.sliders.average import MovingAverage
from mi_lab.teaching.sliders.constant import FreeConstant, batches
from mi_lab.teaching.sliders.explorer import Explorer, plain
from mi_lab.teaching.sliders.gaussian import GaussianExplorer
from mi_lab.teaching.sliders.knobs import SampleScore
from mi_lab.teaching.sliders.neighbourhood import Neighbourhood
from mi_lab.teaching.sliders.resampling import ResamplingExplorer
from mi_lab.teaching.sliders.staircase import CRITICS, LEFT, NAMES, RIGHT, StaircaseExplorer
from mi_lab.teaching.sliders.tangent import FAMILIES, TangentExplorer
from mi_lab.teaching.sliders.training import TrainingExplorer
from mi_lab.teaching.sliders.words import fill

CALL = """async ([address, data, values]) => {
  const own = await import(address);
  return values.map((v) => JSON.stringify(own.compute(data, v), (_, x) => (Number.isNaN(x) ? null : x)));
}"""


@pytest.fixture(scope="module")
def page(browser):
    tab = browser.new_page()
    yield tab
    tab.close()


def address(kind: str) -> str:
    return "data:text/javascript;base64," + base64.b64encode(block.module(kind).encode()).decode()


def agree(ours, theirs, where: str) -> None:
    assert ours.keys() == theirs.keys(), where
    for key, value in ours.items():
        if isinstance(value, str):
            assert value == theirs[key], f"{where}: {key}"
        else:
            mine = np.atleast_1d(np.array(value, dtype=float))
            other = np.atleast_1d(np.array([np.nan if v is None else v for v in np.ravel(theirs[key])], dtype=float))
            np.testing.assert_allclose(other, mine, rtol=1e-9, atol=1e-9, err_msg=f"{where}: {key}")


def test_browser_and_python_compute_the_same(page, explorers):
    """All numbers and coordinates, at a dozen places of every slider."""
    drawn_here = {name: explorer for name, explorer in explorers.items() if isinstance(explorer, Explorer)}
    assert drawn_here
    for name, explorer in drawn_here.items():
        values = places(explorer, 12)
        got = page.evaluate(CALL, [address(explorer.kind), explorer._facts, values])
        for value, text in zip(values, got, strict=True):
            agree(plain(explorer.compute(*value)), json.loads(text), f"{name} at {value}")


def test_browser_and_python_write_the_same(page):
    """Rounding, signs and percent signs, where half-way cases and minus zero are the traps."""
    cases = [
        (v, form) for v in (0.125, -0.125, 2.5, -0.0004, 0, 1e-9, 1234.5678, 0.045) for form in (".2f", "d", ".1%")
    ]
    cases += [(float("nan"), ".2f"), (float("inf"), ".3f")]
    script = """async ([address, cases]) => {
      const { fill } = await import(address);
      return cases.map(([v, form]) => fill(`{v:${form}}`, { v: Number(v) }));
    }"""
    got = page.evaluate(script, [address("gaussian"), [[repr(v).replace("inf", "Infinity"), f] for v, f in cases]])
    assert got == [fill(f"{{v:{form}}}", {"v": v}) for v, form in cases]
    assert fill("{v:.1f}", {"v": -2.34}) == "−2.3"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_critic_in_the_browser_is_the_package_s(page, paged, seed):
    """Any weights, not only those of a run: scores, value and gradient of `Net` under autograd, to 1e-9."""
    width, rng = 16, np.random.default_rng(seed)
    net = Net(2, width, 2, std=None, seed=seed).double()
    with torch.no_grad():
        for p in net.parameters():
            p += 0.3 * torch.from_numpy(rng.normal(size=p.shape))
    joint, reference = rng.normal(size=(40, 2)), 2 * rng.normal(size=(55, 2))
    t, t_ref = net(torch.from_numpy(joint)), net(torch.from_numpy(reference))
    value = donsker_varadhan(t, t_ref)
    value.backward()
    script = """async ([address, w, width, joint, reference]) => {
      const own = await import(address);
      const { value, gradient } = own.gradient(w, width, joint, reference);
      return [own.scores(w, width, reference), value, [...gradient]];
    }"""
    flat = torch.cat([p.detach().ravel() for p in net.parameters()]).tolist()
    scores, score, gradient = page.evaluate(
        script, [address("training"), flat, width, joint.tolist(), reference.tolist()]
    )
    np.testing.assert_allclose(scores, t_ref.detach().numpy(), rtol=1e-9, atol=1e-9)
    assert score == pytest.approx(value.item(), abs=1e-9)
    wanted = torch.cat([p.grad.ravel() for p in net.parameters()]).numpy()
    assert np.abs(wanted).max() > 0.01
    np.testing.assert_allclose(gradient, wanted, rtol=1e-9, atol=1e-9)


def test_the_same_module_lives_in_a_notebook(page):
    """With a stand-in for anywidget's model: a button moves the trait, the trait moves all the rest."""
    live = TrainingExplorer()
    script = """async ([address, traits]) => {
      const { default: own } = await import(address);
      const [calls, heard, el] = [[], {}, document.createElement("div")];
      const model = {
        get: (name) => traits[name], save_changes: () => {}, on: (event, f) => { heard[event] = f; },
        set: (name, v) => { traits[name] = v; calls.push([name, v]); },
      };
      document.body.append(el);
      own.render({ model, el });
      const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const [, step] = el.querySelectorAll(".mi-play button");
      step.click();
      await drawn();
      const after = el.querySelector(".mi-words").textContent;
      traits.step = 30;
      heard["change:step"]();
      await drawn();
      return [calls, after, el.querySelector("input").value, el.querySelector(".mi-words").textContent];
    }"""
    traits = {"_markup": live._markup, "_data": live._data, "step": live.step}
    calls, after, at, words = page.evaluate(script, [address("training"), traits])
    assert calls == [["step", 1]]
    for step, said in ((1, after), (30, words)):
        live.step = step
        assert said == live.words()
    assert at == "30"


def test_training_passes_the_truth_and_the_held_out_value_does_not(paged):
    """What the page says one will see, on the page's own run and on four others: no luck of one seed."""
    for seed in range(5):
        explorer = TrainingExplorer(seed=seed)
        explorer.compute(200)
        truth = BivariateGaussian(0.879).mutual_information
        assert abs(explorer._train[0]) < 0.05
        assert explorer._train[200] > truth + 0.3
        assert max(explorer._held) < explorer._oracle[1]  # never above what the true log-ratio scores there
        assert explorer._held[200] < 0
        assert 5 < int(np.argmax(explorer._held)) < 150


def test_two_knobs_against_quadrature_and_the_package(paged):
    explorer = SampleScore()
    rho, (xy, squares) = explorer._rho, explorer._reference
    for a, b in [(0.0, 0.0), (2.0, 2.3), (3.9, 3.4), (3.9, 2.3)]:
        t = torch.from_numpy(a * explorer._joint[0] - b * explorer._joint[1])
        sample = donsker_varadhan(t, torch.from_numpy(a * xy - b * squares)).item()
        shown = explorer.compute(a, b)
        assert shown["sample"] == pytest.approx(sample, abs=1e-12)
        if a >= 1 + b:
            assert shown["shown"] == "−∞"
            continue
        # E' e^t along u, v = (x ± y)/√2, independent under the reference: two Gaussian integrals
        rates = [(1 + b + sign * a) / 2 for sign in (1, -1)]
        mean = np.prod([integrate.quad(lambda u, v=v: np.exp(-v * u**2), -60, 60)[0] for v in rates]) / (2 * np.pi)
        assert shown["exact"] == pytest.approx(a * rho - b - np.log(mean), abs=1e-7)
    # what the page says: on its fifty samples the best setting lies where the exact score is minus infinity
    best = optimize.minimize(lambda w: -explorer.sample_score(*w), [1.0, 1.0], method="Nelder-Mead")
    assert best.x[0] > 1 + best.x[1]
    assert -best.fun > explorer._truth


@pytest.mark.parametrize("rho", [-0.99, -0.3, 0.0, 0.6, 0.9])
def test_gaussian(paged, rho):
    explorer = GaussianExplorer(rho)
    law = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    entropy = 2 * stats.norm.entropy() - law.entropy()
    assert explorer.numbers["information"] == pytest.approx(entropy, abs=1e-12)
    assert explorer.information == pytest.approx(entropy, abs=1e-12)
    shown = explorer.compute(rho)
    level = np.log(law.pdf(np.stack([shown["outer_x"], shown["outer_y"]], 1)) / law.pdf([0, 0]))
    np.testing.assert_allclose(level, -2, atol=1e-9)  # two standard deviations all around: exp(-2²/2)
    correlation = np.corrcoef(shown["x"], shown["y"])[0, 1]
    assert abs(correlation - rho) < 4 * (1 - rho**2) / np.sqrt(400) + 1e-9


@pytest.mark.parametrize("name", FAMILIES)
def test_tangent(paged, name):
    family = FAMILIES[name]
    for ratio in (0.5, 1.0, 2.0):
        explorer = TangentExplorer(name, ratio=ratio)
        for t in explorer._facts["controls"][0]["grid"][::7]:
            shown = explorer.compute(t)
            # the conjugate is a supremum: find it by search
            best = optimize.minimize_scalar(lambda u, t=t: family.f(u) - t * u, bounds=(1e-9, 60), method="bounded")
            assert -shown["intercept"] == pytest.approx(-best.fun, abs=2e-4)
            assert shown["gap"] >= -1e-12
            assert shown["height"] == pytest.approx(t * shown["touch"] + shown["intercept"], abs=1e-9)
        slope = float(family.slope(ratio))
        if family.slopes[0] <= slope <= family.slopes[1]:
            assert explorer.compute(slope)["gap"] == pytest.approx(0, abs=1e-12)


def test_resampling_counts(paged):
    x, y = np.random.default_rng(2).normal(size=(2, 40))
    for replacement in (False, True):
        explorer = ResamplingExplorer(x, y, replacement=replacement, seed=3)
        explorer.n_ = 40
        x_, y_ = explorer.reference()
        pairs = list(zip(x_[:, 0].tolist(), y_[:, 0].tolist(), strict=True))
        own = set(zip(x.round(3).tolist(), y.round(3).tolist(), strict=True))
        assert explorer.numbers["joint"] == sum(pair in own for pair in pairs)
        assert explorer.numbers["copies"] == len(pairs) - len(set(pairs))
        if not replacement:
            assert sorted(x_[:, 0]) == sorted(x.round(3))
            assert sorted(y_[:, 0]) == sorted(y.round(3))


@pytest.mark.parametrize("replacement", [False, True])
def test_share_of_survivors_is_one_over_n(paged, replacement):
    x, y = np.random.default_rng(2).normal(size=(2, 20))
    shares = [ResamplingExplorer(x, y, replacement=replacement, seed=seed).numbers["share"] for seed in range(200)]
    assert abs(np.mean(shares) - 1 / 20) < 4 * np.std(shares) / np.sqrt(200)


def test_densities_are_densities(paged):
    shown = ResamplingExplorer(replacement=True).compute(300)
    for line, density in (("line_x", "density_x"), ("line_y", "density_y")):
        assert np.trapezoid(shown[density], shown[line]) == pytest.approx(1, abs=0.03)  # the tails stick out a little


def test_neighbourhood_counts(paged):
    """The square, its strips, and what the package's estimator says for this one point."""
    explorer = Neighbourhood()
    x, y, p = explorer._x / explorer._x.std(), explorer._y / explorer._y.std(), explorer._facts_of["point"]
    for k in (1, 3, 20):
        explorer.value = k
        shown = explorer.numbers
        radius = np.sort(np.maximum(abs(x - x[p]), abs(y - y[p])))[k]  # the point itself comes first
        assert shown["radius"] == pytest.approx(radius)
        own = digamma(k) + digamma(200) - digamma(shown["n_x"] + 1) - digamma(shown["n_y"] + 1)
        assert float(ksg(explorer._x, explorer._y, k=k, pointwise=True)[p]) == pytest.approx(own, abs=1e-5)
        assert explorer.estimate == pytest.approx(float(ksg(explorer._x, explorer._y, k=k)), abs=1e-4)


def test_bins_count_every_sample_once(paged):
    explorer = Neighbourhood(method="bins")
    span = explorer._facts_of["range"]
    for count in (2, 7, 40):
        explorer.value = count
        table = np.histogram2d(explorer._x, explorer._y, bins=count, range=span)[0] / 200
        product = table.sum(1, keepdims=True) * table.sum(0)
        some = table > 0
        plug_in = (table[some] * np.log(table[some] / product[some])).sum()
        assert explorer.estimate == pytest.approx(plug_in, abs=1e-4)
        assert explorer.numbers["filled"] == some.sum()
        assert explorer.numbers["fullest"] == round(200 * table.max())


def test_kernels_blur(paged):
    """The wider the kernels, the lower the estimate, down to nothing."""
    explorer = Neighbourhood(method="kernels")
    assert all(a > b for a, b in zip(explorer._estimates, explorer._estimates[1:], strict=False))
    assert 0 < explorer._estimates[-1] < 0.2


def test_average_against_theory(paged):
    """Without drift: m has variance σ²(1−β)/(1+β), and the bias shrinks; with drift m lags by a known factor."""
    rho, batch = 0.5, 64
    truth = -0.5 * np.log(1 - rho**2)
    still = MovingAverage(0.0, rho=rho, batch=batch, drift=0)
    sigma = np.sqrt((1 / (1 - rho**2) - 1) / batch)  # E r² = 1 / (1 − ρ²) under the product
    for beta in (0.5, 0.9):
        still.beta = beta
        assert still.noise == pytest.approx(sigma * np.sqrt((1 - beta) / (1 + beta)), rel=0.08)
    biases = [abs(b) for b in still._bias]
    assert biases[0] > 5 * biases[-1]
    drift = 0.02
    moving = MovingAverage(0.95, rho=rho, batch=batch, drift=drift)
    lag = (1 - 0.95 * np.exp(-drift)) / (1 - 0.95)
    # to first order the term is the truth times the lag; noise and its correlation add O(σ²)
    assert moving.bias == pytest.approx(truth * (lag - 1), abs=2 * sigma**2)


@pytest.mark.parametrize("drift", [0.0, 0.003, 0.01, 0.1])
def test_no_dot_of_the_average_leaves_its_panel(paged, drift):
    """At every weight what moves is drawn inside its axes, which would clip it."""
    explorer, seen = MovingAverage(drift=drift), 0
    for beta in explorer._grid:
        for panel in explorer._panels(explorer.compute(beta)):
            (axes,) = ET.fromstring(panel.markup()).findall("{*}svg")
            size = float(axes.get("width")), float(axes.get("height"))
            for part in axes:
                if "data-draw" in part.attrib:
                    points = re.findall(r"[ML]([-\d.]+) ([-\d.]+)", part.get("d"))
                    seen += len(points)
                    assert all(0 < float(v) < limit for p in points for v, limit in zip(p, size, strict=True)), beta
    assert seen > 120 * len(explorer._grid)


@pytest.mark.parametrize("information", [0.5, 2.0])
@pytest.mark.parametrize("c", [-1.0, 0.0, 1.0, 2.4])
def test_the_free_constant_by_the_formulas_of_the_package(c, information):
    """Of a batch only two means matter, so one score of each kind stands for it: the package says the same of them."""
    state, n = FreeConstant().compute(c, information), 64
    joint, ratio = (torch.tensor(v).unsqueeze(1) for v in batches(information, n, 0))
    low, high = state["dv"].min(), 7.0
    dv = donsker_varadhan(joint + c, ratio.log() + c).clamp(-2, high)
    np.testing.assert_allclose(state["dv"], dv, atol=2e-4)
    np.testing.assert_allclose(state["nwj"], nwj(joint + c, ratio.log() + c).clamp(-2, high), atol=2e-3)
    assert low > -2
    assert state["exact"] == pytest.approx(information + c - np.exp(c - 1), abs=1e-12)


def test_the_batches_of_the_free_constant_have_the_law_of_the_package():
    n, law = 64, CorrelatedGaussian.with_information(0.5, 20)
    joint, ratio = batches(0.5, n, 0)
    t = law.log_ratio(*law.sample(n * 4000, seed=1)).double().reshape(-1, n).mean(1)
    r = law.log_ratio(*law.sample_product(n * 4000, seed=2)).double().exp().reshape(-1, n).mean(1)
    assert stats.ks_2samp(joint, t).pvalue > 1e-3
    assert stats.ks_2samp(ratio, r).pvalue > 1e-3
    spread = FreeConstant().compute(1.0, 0.5)["spread"]
    assert spread == pytest.approx(np.sqrt((20 * law.rho**2 + np.expm1(1.0)) / n), abs=1e-12)


@pytest.mark.parametrize("level", [0, 4])
def test_the_staircase_shows_what_the_file_says(level):
    file, explorer = load_run("staircase-bounds"), StaircaseExplorer()
    truth = file["about"]["levels"][level]
    keys = [name for name in NAMES if any(r["objective"] == name and not r["cubed"] for r in file["runs"])]
    assert {r["objective"] for r in file["runs"]} <= set(NAMES), "every objective of the file has a name here"
    state = explorer.compute(0, level)
    for place, key in enumerate(keys):
        for critic in CRITICS:
            means = [
                r["mean"][level]
                for r in file["runs"]
                if (r["objective"], r["critic"], r["cubed"]) == (key, critic, False) and r["mean"][level] is not None
            ]
            shown = state[f"error_{critic}"][place]
            if means:
                assert shown == pytest.approx(np.clip(np.mean(means) - truth, LEFT, RIGHT), abs=1e-3)
            else:
                assert np.isnan(shown)
        published = file["published"]["joint"].get(key)
        if published:
            assert state["told"][place] == pytest.approx(np.clip(published["mean"][level] - truth, LEFT, RIGHT))
