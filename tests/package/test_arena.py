"""The arena: what an estimator does to itself costs it that law, what it returns is read, a stopped run goes on."""

import math
import os
import signal
import threading
import time

import numpy as np
import pytest
import torch

import mi_lab
from mi_lab import Estimate
from mi_lab.arenas import Bout, Standing, cca, compare, methods, picture, standing
from mi_lab.laws import BivariateGaussian, CorrelatedGaussian
from mi_lab.laws.battery import battery

LOCK = threading.Lock()
FEW = ["normal, .3 nats", "X", "dense, 3+3", "independent, 1+1"]


def test_what_an_estimator_does_costs_it_that_law_only():
    def wild(x, y):
        match x.shape[1]:
            case 2:
                time.sleep(60)
            case 3:
                raise ZeroDivisionError("no such thing")
            case 4:
                return float("nan")
            case 5:
                os._exit(3)
            case 10:
                return None
        return 0.25

    laws = ["circle, 2+2", "dense, 3+3", "torus, 4+4", "independent, 5+5", "5 nats, 10+10", "X", "line, 20+20"]
    begin = time.monotonic()
    table = mi_lab.arena(wild, n=50, limit=1.5, laws=laws).table()
    assert time.monotonic() - begin < 30
    lost = table["lost"]
    assert lost["circle, 2+2"] == "no answer in 1.5 seconds"
    assert lost["dense, 3+3"] == "ZeroDivisionError: no such thing"
    assert lost["torus, 4+4"] == "it returned nan"
    assert lost["independent, 5+5"] == "its process died"
    assert lost["5 nats, 10+10"] == "it returned nothing"
    assert lost["X"] == lost["line, 20+20"] == ""
    assert table["mean"]["X"] == table["mean"]["line, 20+20"] == 0.25  # those that came after go on
    assert table["error"]["independent, 5+5"] == 1  # a nat
    assert table["error"]["5 nats, 10+10"] == pytest.approx(5)  # or the truth


def test_the_arena_leaves_no_process_and_no_print_behind(capfd):
    def loud(x, y):
        print("here I am")
        return 0.0

    import psutil

    before = {p.pid for p in psutil.Process().children(recursive=True)}
    mi_lab.arena(loud, n=20, laws=FEW)
    assert {p.pid for p in psutil.Process().children(recursive=True)} <= before
    assert "here I am" not in capfd.readouterr().out


class Bare:
    value, error = 0.5, 0.1


@pytest.mark.parametrize(
    ("answer", "low", "high"),
    [
        (0.5, math.nan, math.nan),
        (torch.tensor(0.5), math.nan, math.nan),
        (np.float32(0.5), math.nan, math.nan),
        ((0.5, 0.1), 0.5 - 0.16449, 0.5 + 0.16449),
        ((0.5, 0.3, 0.9), 0.3, 0.9),
        (Bare(), 0.5 - 0.16449, 0.5 + 0.16449),
    ],
)
def test_whatever_an_estimator_returns_is_read(answer, low, high):
    (bout,) = mi_lab.arena(lambda x, y: answer, n=20, laws="X").bouts
    assert bout.value == 0.5
    assert [bout.low, bout.high] == pytest.approx([low, high], abs=1e-4, nan_ok=True)


def test_an_estimate_brings_its_interval_and_its_warnings():
    result = mi_lab.arena(lambda x, y: Estimate(0.5, 0.1, "both", warnings=("doubtful.",)), n=20, laws="X")
    assert result.bouts[0].flags == 1
    assert result.bouts[0].low < 0.5 < result.bouts[0].high
    wrong = mi_lab.arena(lambda x, y: (9.0, 8.9, 9.1), n=20, laws="X").table()
    assert wrong["covers"]["X"] == 0
    assert wrong["unflagged"]["X"] == 1


def test_samples_are_the_same_for_everybody_and_others_with_each_seed():
    first = lambda x, y: float(x[0, 0] + y[-1, 0])  # noqa: E731
    a, b = (mi_lab.arena(first, n=20, seeds=2, laws=FEW) for _ in range(2))
    assert a.bouts == b.bouts or [x.value for x in a.bouts] == [x.value for x in b.bouts]
    assert len({x.value for x in a.bouts}) == len(a.bouts) == 8


def test_a_stopped_run_goes_on_and_a_changed_function_starts_afresh(tmp_path):
    file, calls = tmp_path / "mine.jsonl", tmp_path / "calls"

    def counted(x, y):
        with calls.open("a") as out:
            out.write("x")
        return 0.1

    mi_lab.arena(counted, n=20, laws=FEW[:2], file=file)
    assert calls.read_text() == "xx"
    with file.open("a") as out:
        out.write('[1, 20, ["X", 0')  # cut off in the middle of a line, and its end of line is missing
        out.write("\n")
    result = mi_lab.arena(counted, n=20, laws=FEW, file=file)
    assert calls.read_text() == "xxxx"
    assert [b.value for b in result.bouts] == [0.1] * 4

    def changed(x, y):
        with calls.open("a") as out:
            out.write("x")
        return 0.2

    result = mi_lab.arena(changed, n=20, laws=FEW, file=file)
    assert calls.read_text() == "x" * 8
    assert [b.value for b in result.bouts] == [0.2] * 4


@pytest.fixture
def heard():
    """SIGINT raises KeyboardInterrupt, also where this run was started deaf to it, in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_returns_what_there_is(heard):
    timer = threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT))

    def slow(x, y):
        time.sleep(0.4)
        return 0.0

    timer.start()
    with pytest.warns(UserWarning, match=r"stopped after \d+ of 60 calls"):
        result = mi_lab.arena(slow, n=20)
    assert 0 < len(result.bouts) < 60


def test_two_standings_beside_each_other():
    zero = mi_lab.arena(lambda x, y: 0.0, n=300, laws=FEW, name="zero")
    plain = mi_lab.arena(cca, n=300, laws=FEW[:3])
    assert plain.name == "cca"
    table = compare([zero, plain])
    assert list(table.columns) == ["zero", "cca"]
    assert list(table.index) == ["one column", "many columns", "mixtures", "all laws"]  # what both have run
    truth = {b.name: b.truth for b in battery()}
    assert table["zero"]["all laws"] == pytest.approx(np.mean([truth[n] for n in FEW[:3]]))
    assert zero.error == pytest.approx(np.mean([truth[n] for n in FEW]))
    tuned = compare([zero, plain], tuned=True)
    assert table["zero"]["one column"] == tuned["zero"]["one column"] == pytest.approx(0.3)
    assert str(plain).startswith("cca: mean error ")
    ax = picture([zero, plain])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["zero", "cca"]
    assert "0.30" in [t.get_text() for t in ax.texts]


def test_the_books_own_run_is_whole():
    """Every run holds each law with each seed, and its numbers are those of the laws that there are now."""
    assert methods(1000)
    for n in (1000, 10_000):
        for method in methods(n):
            run = standing(method, n)
            assert {b.law for b in run.bouts} == {b.name for b in battery()}, method
            seeds = {b.seed for b in run.bouts}
            assert len(run.bouts) == len(battery()) * len(seeds)
    about = mi_lab.load_run("battery")["about"]
    assert {law["law"]: law["truth"] for law in about["laws"]} == pytest.approx(
        {b.name: b.truth for b in battery()}, abs=1e-5
    )
    for made in about["made"].values():
        assert made["command"].startswith("python -m experiments battery --methods")
        assert made["commit"]
        assert made["machine"]["processor"]


def test_a_run_of_the_book_can_be_had_again():
    run = standing("cca", 1000)
    again = mi_lab.arena(cca, n=1000, laws=FEW, name="cca")
    kept = {(b.law, b.seed): b.value for b in run.bouts}
    for bout in again.bouts:
        assert bout.value == pytest.approx(kept[bout.law, bout.seed], abs=2e-5)


@pytest.mark.parametrize("law", [BivariateGaussian(0.8), CorrelatedGaussian(0.5, 4)], ids=repr)
def test_cca_on_gaussians(law):
    values = [cca(*law.sample(2000, seed)) for seed in range(8)]
    excess = law.d**2 / (2 * 2000)
    error = np.std(values, ddof=1) / math.sqrt(8)
    assert abs(np.mean(values) - excess - law.mutual_information) < 4 * error


def test_a_bout_survives_a_file():
    bout = Bout("X", 3, 0.5, 0.4, math.nan, 2, 0.1, "")
    again = Bout.read(bout.line())
    assert (again.law, again.seed, again.value, again.low, again.flags) == ("X", 3, 0.5, 0.4, 2)
    assert math.isnan(again.high)
    assert math.isnan(Standing("none", 10).error)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: mi_lab.arena("ksg"), "estimator is a str, wanted a function"),
        (lambda: mi_lab.arena(cca, n=3), "n = 3, wanted a whole number of at least 8"),
        (lambda: mi_lab.arena(cca, seeds=0), "seeds = 0"),
        (lambda: mi_lab.arena(cca, limit=0), "limit = 0, wanted seconds above 0"),
        (lambda: mi_lab.arena(cca, laws=["Y"]), "there is no law 'Y', wanted some of: normal"),
        (lambda: mi_lab.arena(cca, laws=[]), "laws is empty"),
        (lambda: standing("kraken", 1000), "no run of 'kraken' at n = 1000, wanted one of: "),
    ],
)
def test_bad_input(bad, said):
    with pytest.raises(ValueError, match=said):
        bad()


def test_many_at_a_time_give_the_same_bouts(tmp_path):
    def strange(x, y):
        if float(x[0, 0]) > 0.3:
            raise ZeroDivisionError("no")
        return float(x.sum())

    options = {"n": 20, "seeds": 2, "laws": ["normal, 2 nats", "bimodal", "sine and noise"]}
    one = mi_lab.arena(strange, **options)
    two = mi_lab.arena(strange, **options, n_jobs=2, file=tmp_path / "bouts.jsonl")

    def told(standing):
        return {(b.law, b.seed): (b.value if not b.lost else None, b.lost) for b in standing.bouts}

    assert told(two) == told(one)
    assert len((tmp_path / "bouts.jsonl").read_text().splitlines()) == 6
    with pytest.raises(ValueError, match="the estimator can't be sent to another process .*lock.*: use n_jobs=1"):
        mi_lab.arena(lambda x, y, lock=LOCK: 0.0, **options, n_jobs=2)
