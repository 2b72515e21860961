"""The form that an exercise becomes on a page: the same hints without a kernel, by mouse or keyboard.

The builder (tools/book/exercises.py) puts it where a notebook has its stub and its ``check`` cell.

Answers do not stand on the page in clear text: a choice's hint is enciphered with the choice, a number's with the
exercise's id. That keeps an honest reader from seeing them by accident; it is no secret.
"""

import base64
import json
from functools import cache
from html import escape
from importlib.resources import files
from itertools import combinations

from mi_lab.teaching.checks.exercise import Choice, Exercise, Numeric
from mi_lab.teaching.checks.judge import sentence

MASK = 0xFFFFFFFF
CHECK = '<button type="submit">Check</button>'
VERDICT = '<p class="mi-verdict" role="status" aria-live="polite"></p>'


def mix(text: str, seed: int) -> int:
    """Return 32 bits that depend on every character of ``text``; form.mjs has the same function."""
    h = (2166136261 ^ seed) & MASK
    for byte in text.encode():
        h = ((h ^ byte) * 16777619) & MASK
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = ((h ^ (h >> shift)) * factor) & MASK
    return h ^ (h >> 16)


def cipher(text: str, key: str) -> str:
    """Return ``text`` enciphered with ``key``, in base64."""
    data = text.encode()
    return base64.b64encode(bytes(byte ^ (mix(key, i + 3) & 255) for i, byte in enumerate(data))).decode()


def table(task: Choice) -> dict[str, str]:
    """Return hash of an answer -> its verdict, enciphered with that answer."""
    letters = sorted(task.reasons)
    most = len(letters) if len(task.right) > 1 else 1
    out = {}
    for size in range(1, most + 1):
        for chosen in map("".join, combinations(letters, size)):
            verdict = task.judge({"letters": chosen})
            line = verdict.lines[0]
            key = f"{task.id}|{chosen}"
            out[f"{mix(key, 1):08x}{mix(key, 2):08x}"] = cipher(f"{int(line.right)}{sentence(line.text)}", key)
    return out


def numbers(task: Numeric) -> str:
    """Return the right number, the known wrong ones and their hints, enciphered."""
    known = [(task.value, task.tolerance, 1, task.explained)]
    known += [(wrong, task.about(wrong), 0, hint) for wrong, hint in task.known()]
    data = [[float(v), float(tol), right, sentence(hint)] for v, tol, right, hint in known]
    return cipher(json.dumps(data), task.id)


def html(task: Exercise, where: str = "", first: bool = True) -> str:
    """Return the form; the first one of a page brings the style and the script of all.

    Parameters
    ----------
    task : the exercise
    where : for code and text, HTML that says where to write it
    first : whether no form stands before it on the page
    """
    if task.kind == "choice":
        kind = "checkbox" if len(task.right) > 1 else "radio"
        # The script moves these into the list of choices above the form, which says what the letters mean.
        fields = "".join(
            f'<label><input type="{kind}" name="answer" value="{escape(c)}"> {escape(c)}</label>'
            for c in sorted(task.reasons)
        )
        legend = "Choose all that hold" if kind == "checkbox" else "Choose one"
        data = {"kind": "choice", "id": task.id, "table": table(task)}
        body = f"<fieldset><legend>{legend}</legend>{fields} {CHECK}</fieldset>{VERDICT}"
    elif task.kind == "numeric":
        unit = f" {escape(task.unit)}" if task.unit else ""
        field = '<input type="text" name="answer" autocomplete="off" spellcheck="false">'
        data = {"kind": "numeric", "id": task.id, "unit": task.unit, "data": numbers(task)}
        body = f'<p class="mi-field"><label>Your number: {field}{unit}</label> {CHECK}</p>{VERDICT}'
    else:
        data = {"kind": "code", "id": task.id}
        body = f'<p>{where}</p><label><input type="checkbox" name="answer" value="done"> Done</label>'
    content = json.dumps(data).replace("<", "\\u003c")
    shared = f"<style>{asset('form.css')}</style>" if first else ""
    script = f'<script type="module">{asset("form.mjs")}</script>' if first else ""
    head = f'<form class="mi-check mi-{data["kind"]}" id="check-{escape(task.id)}" aria-label="{escape(task.title)}">'
    return f'{head}{shared}{body}<script type="application/json">{content}</script>{script}</form>'


@cache
def asset(name: str) -> str:
    """Return a file that lies beside this module."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8").strip()
