"""Running a student's answer once: blank, broken, slow and chatty ones included."""

import contextlib
import functools
import inspect
import io
import linecache
import random
import signal
import sys
import threading
import warnings

import numpy as np

from mi_lab.teaching.checks.observe import NotAttempted, Unusable, is_blank, observe


class TooSlow(BaseException):
    """The answer did not come in time; not an Exception, so that ``except Exception`` cannot swallow it."""


def probe(part, answer, rng: np.random.Generator) -> dict:
    """Return ``{"leaves": ...}``, or why there are none: ``blank``, ``error`` and its ``kind``, ``unusable``."""
    try:
        with settled(int(rng.bit_generator.seed_seq.generate_state(1)[0])):
            return {"leaves": observe(part.probe(guarded(answer), rng))}
    except (NotAttempted, NotImplementedError):
        return {"blank": True}
    except Unusable as e:
        return {"unusable": f"{e}."}
    except Exception as e:
        return {"kind": f"{type(e).__name__}: {e}"[:300], "error": _sentence(e)}


def guarded(answer):
    """Return ``answer``, raising ``NotAttempted`` when a function gives back what a stub gives: nothing."""
    if not inspect.isroutine(answer):
        return answer

    @functools.wraps(answer, updated=())
    def call(*args, **kwargs):
        result = answer(*args, **kwargs)
        if is_blank(result):
            raise NotAttempted
        return result

    return call


@contextlib.contextmanager
def settled(seed: int):
    """Seed every global generator for the answer's sake, silence it, and put everything back afterwards."""
    torch = sys.modules.get("torch")
    states = random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the student may use the global generator
    if torch:
        torch.manual_seed(seed)
    try:
        quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
        with quiet[0], quiet[1], warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if torch:
            torch.set_rng_state(states[2])


def _sentence(error: Exception) -> str:
    """Say what was raised and in which line of the student's code."""
    line, trace = "", error.__traceback__
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if "ipykernel" in name or name.startswith("<ipython-input"):
            line = linecache.getline(name, trace.tb_lineno).strip()
        trace = trace.tb_next
    where = f", in the line `{line}`" if line else ""
    return f"your code raised {type(error).__name__}: {str(error)[:150] or 'no message'}{where}."


@contextlib.contextmanager
def at_most(seconds: float):
    """Raise ``TooSlow`` in the body after ``seconds`` (in the main thread of a Unix process; elsewhere wait)."""
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not usable or not seconds:
        yield
        return

    def ring(signum, frame):
        raise TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
