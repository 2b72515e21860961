"""Running a student's answer once: blank, broken, slow and chatty ones included."""

import contextlib
import dis
import functools
import inspect
import io
import linecache
import random
import signal
import sys
import sysconfig
import threading
import time
import warnings
from pathlib import Path

import numpy as np

from mi_lab.teaching.checks import poking
from mi_lab.teaching.checks.hints import INSIDE, NONE, PRINTED
from mi_lab.teaching.checks.observe import NotAttempted, Unusable, is_blank, observe

OURS = (str(Path(__file__).parents[2]), sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), "<frozen")
IDLE = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "POP_TOP", "CACHE", "COPY_FREE_VARS"}
SMALL = 60  # so many numbers of a result are kept, to say of what kind it is


class TooSlow(BaseException):
    """The answer did not come in time; not an Exception, so that ``except Exception`` cannot swallow it."""


class Heard:
    """What an answer gave back, or raised, when it was first called."""

    def __init__(self):
        self.results: list = []
        self.raised: BaseException | None = None
        self.args: tuple = ()  # of the first call, as they were before it
        self.seconds = 0.0

    def kept(self) -> dict:
        """Return the first result as plain numbers, if it is small."""
        try:
            first = self.results[0]
            leaves = observe(dict(enumerate(first)) if isinstance(first, tuple) else first)
        except (IndexError, NotAttempted, Unusable):
            return {}
        return {"returned": leaves} if sum(len(v.get("values", ())) for v in leaves.values()) <= SMALL else {}

    def about(self, answer, poke: bool) -> dict:
        """Return what the first call was given, in numbers, and what of it made no difference."""
        if not self.args or not inspect.isroutine(answer):
            return {}
        names = poking.names_of(answer, len(self.args))
        found = {"names": names, "facts": poking.facts(names, self.args)}
        return found | ({"ignored": poking.ignored(answer, self.args, self.seconds)} if poke else {})


def probe(part, answer, rng: np.random.Generator, about: bool = False, poke: bool = False) -> dict:
    """Return ``{"leaves": ...}``, or why there are none: ``blank``, ``unusable``, ``error`` and its ``kind``.

    An error of the answer's own has a sentence, ``error``; where only the probe could not use what came back, there is
    a ``kind`` alone. ``returned`` is what came back from the first call, with ``about``, ``facts`` is what it
    was given; with ``poke``, ``ignored`` names what of it made no difference.
    """
    heard = Heard()
    try:
        with settled(int(rng.bit_generator.seed_seq.generate_state(1)[0])):
            seen = {"leaves": observe(part.probe(listened(answer, heard), rng))} | heard.kept()
            return seen | (heard.about(answer, poke) if about else {})
    except NotAttempted as e:
        if e.value is None and not is_stub(answer):
            inside = heard.results and heard.results[0] is not None
            return {"unusable": INSIDE if inside else PRINTED if prints(answer) else NONE}
        return {"blank": True}
    except Unusable as e:
        return {"unusable": str(e) if str(e).endswith("?") else f"{e}."}
    except Exception as e:
        if isinstance(e, NotImplementedError) and not str(e):
            return {"blank": True}
        found = {"kind": f"{type(e).__name__}: {e}"[:300]} | heard.kept()
        own = e is heard.raised or _theirs(e)
        return found | ({"error": _sentence(e)} if own else {})


def listened(answer, heard: Heard):
    """Return ``answer``, noting what it gives back; what no call could work with is refused in words."""
    if not callable(answer):
        what = "a number" if isinstance(answer, int | float) else f"a {type(answer).__name__}"
        raise Unusable(f"a function is wanted, yours is {what}: hand it over by its name, without calling it")
    if not inspect.isroutine(answer):
        return answer
    try:
        signature = inspect.signature(answer)
    except (ValueError, TypeError):  # some of C's functions have none
        signature = None

    @functools.wraps(answer, updated=())
    def call(*args, **kwargs):
        if signature is not None:
            try:
                signature.bind(*args, **kwargs)
            except TypeError:
                takes = f"takes ({', '.join(signature.parameters)})"
                raise Unusable(
                    f"your function {takes} but is called with {len(args)} arguments, as the stub was"
                ) from None
        first = not heard.results and not heard.args
        if first and not kwargs:
            heard.args = poking.remembered(args)
        start = time.monotonic()
        try:
            result = answer(*args, **kwargs)
        except Exception as e:
            heard.raised = e
            raise
        if first:
            heard.seconds = time.monotonic() - start
        heard.results = heard.results or [result]
        if is_blank(result):
            raise NotAttempted(result)
        return result

    return call


def _codes(answer) -> list:
    if inspect.isfunction(answer) or inspect.ismethod(answer):
        return [answer.__code__]
    kind = answer if isinstance(answer, type) else type(answer)
    return [f.__code__ for name, f in vars(kind).items() if inspect.isfunction(f) and name != "__init__"]


def is_stub(answer) -> bool:
    """Tell whether an answer does nothing at all, as what the notebook gave."""
    codes = _codes(answer)
    return bool(codes) and all(i.opname in IDLE for code in codes for i in dis.get_instructions(code))


def prints(answer) -> bool:
    """Tell whether an answer calls `print`, as one does that shows its result and returns nothing."""
    return any("print" in code.co_names for code in _codes(answer))


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


def _theirs(error: Exception) -> str:
    """Return the last line of the student's own code that an error went through, or nothing."""
    line, trace = "", error.__traceback__
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith(OURS):
            line = linecache.getline(name, trace.tb_lineno).strip() or "?"
        trace = trace.tb_next
    return line


def _sentence(error: Exception) -> str:
    """Say what was raised and in which line of the student's code."""
    line = _theirs(error).strip("?")
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
