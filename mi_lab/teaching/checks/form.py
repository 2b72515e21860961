"""The form that a choice or a number becomes on a page: the same hints without a kernel, by mouse or keyboard.

Answers do not stand on the page in clear text: a choice's hint is enciphered with the choice, a number's with the
exercise's id. That keeps an honest reader from seeing them by accident; it is no secret.
"""

import base64
import json
from functools import cache
from html import escape
from importlib.resources import files
from itertools import combinations

from mi_lab.teaching.checks.exercise import Choice, Numeric

MASK = 0xFFFFFFFF


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
            out[f"{mix(key, 1):08x}{mix(key, 2):08x}"] = cipher(f"{int(line.right)}{_sentence(line.text)}", key)
    return out


def numbers(task: Numeric) -> str:
    """Return the right number, the known wrong ones and their hints, enciphered."""
    known = [(task.value, task.tolerance, 1, task.explained)]
    known += [(wrong, task.atol + task.rtol * abs(wrong), 0, hint) for wrong, hint in task.known()]
    data = [[float(v), float(tol), right, _sentence(hint)] for v, tol, right, hint in known]
    return cipher(json.dumps(data), task.id)


def html(task: Choice | Numeric) -> str:
    """Return the form, its style and its script."""
    name = f"check-{task.id}"
    if task.kind == "choice":
        kind = "checkbox" if len(task.right) > 1 else "radio"
        fields = "".join(
            f'<label><input type="{kind}" name="answer" value="{escape(c)}"> {escape(c)}</label>'
            for c in sorted(task.reasons)
        )
        legend = "Choose all that hold" if kind == "checkbox" else "Choose one"
        data = {"kind": "choice", "id": task.id, "table": table(task)}
    else:
        unit = f" {escape(task.unit)}" if task.unit else ""
        fields = (
            f'<label>Your answer <input type="text" inputmode="decimal" name="answer" autocomplete="off">{unit}</label>'
        )
        legend = "Answer with a number"
        data = {"kind": "numeric", "id": task.id, "unit": task.unit, "data": numbers(task)}
    content = json.dumps(data).replace("<", "\\u003c")
    return (
        f'<form class="mi-check" id="{escape(name)}" aria-label="{escape(task.title)}">'
        f"<style>{asset('form.css')}</style>"
        f'<fieldset><legend>{legend}</legend>{fields} <button type="submit">Check</button></fieldset>'
        f'<p class="mi-verdict" role="status" aria-live="polite"></p>'
        f'<script type="application/json">{content}</script>'
        f'<script type="module">{asset("form.mjs")}\nattach(document.getElementById({json.dumps(name)}));</script>'
        f"</form>"
    )


def show_form(task: Choice | Numeric) -> None:
    """Display the form (on a page that is being built)."""
    from IPython.display import publish_display_data

    publish_display_data({"text/html": html(task), "text/plain": f"(a form to answer {task.id!r})"})


@cache
def asset(name: str) -> str:
    """Return a file that lies beside this module."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
