"""Exercises that answer back: ``check("mine-loss", loss)`` says what is right, or names the mistake.

How to write an exercise (the page's side is described in ``CONTRIBUTING.md``)
-----------------------------------------------------------------------------
Each chapter has one module here, ``chNN.py``, that declares its exercises; the id is ``<chapter>-<name>``.

A *code* exercise says how an answer is probed, what the reference answer is and which mistakes are known::

    loss = code("mine-loss", "The loss with the moving average", seconds=10)

    @loss.part("the value", weight=2)              # one part of the mark
    def _(answer, rng):                            # answer: what the student handed over; rng: a NumPy generator
        t, t_ref = rng.normal(size=(2, 64))        # other seeds, sizes and laws come out of rng: nothing is hidden here
        return answer(t, t_ref)                    # numbers, arrays, tensors, tuples or dicts of them; no test

    @loss.reference
    def _(t, t_ref): ...                           # written independently of the chapter's solution

    @loss.mistake("close: did you forget the logarithm of the mean?")
    def _(t, t_ref): ...                           # the wrong answer; whoever answers like it reads this hint

The same probe runs on the student's answer, on the reference and on each mistake; answers are compared as numbers
(dtype, ``(n,)`` against ``(n, 1)`` and float noise do not matter). Where an answer is random, a part has a judge::

    @draw.part("any n'", judge=lambda seen, rng: "hint" if seen["outside"] else None)

A judge gets what the probe returned as arrays (a dict if the probe returned one) and a generator in the state that the
probe's had at first; it returns a hint, or None when all is right. It never sees the answer itself, since marking runs
probe and judge in different processes. Import torch inside the functions: this package must import quickly.

Declare what is special to the exercise. What any answer may get wrong is named without it (``hints.py``): nothing given
back, another kind or shape, members or arguments exchanged, another number in an argument's place, signs, units,
factors, offsets, orders. A part that yields few numbers is looked at with further inputs: none of this is a guess.

Hints begin with a small letter; a large one is put on when they are shown, but for a symbol: h is not H. *Choice* and
*numeric* exercises need no code, *text* is marked by a person::

    choice("mine-iid", "Are the pairs i.i.d.?", right="c", reasons={"a": "why not", "b": "why not", "c": "why yes"})
    numeric("mine-ceiling", "The ceiling", value=6.24, unit="nats", rtol=.01, right="why", mistakes={512.0: "hint"})
    text("mine-proof", "A proof", rubric=[(1, "names the event"), (2, "computes its probability")])

Every exercise but *text* has its graded grader in ``tests/course/answers/chNN.py``.
"""

from mi_lab.teaching.checks.run import check

__all__ = ["check"]
