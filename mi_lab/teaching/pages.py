"""Where a cell runs: on a page that is being built, or live in front of a reader; and numbers for the page's prose."""

import os

import numpy as np


def on_page() -> bool:
    """Tell whether the book's builder runs the cell (it sets ``MI_LAB_PAGE=1``) rather than a reader."""
    return os.environ.get("MI_LAB_PAGE") == "1"


def glue(**numbers) -> None:
    """Hand numbers that were computed in a cell to the sentences around it.

    On a page each value is stored under its name, and the prose prints it with ``{glue:text}`` (MyST-NB reads the
    output metadata that is written here); live, ``name = value`` is shown.

    Parameters
    ----------
    **numbers
        Name and value: a number (Python, NumPy or a 0-d tensor) or a string.

    Raises
    ------
    ValueError
        If a value is neither a finite number nor a string: a sentence cannot print it.
    """
    from IPython.display import display

    for name, value in numbers.items():
        if not isinstance(value, str):
            value = _number(name, value)
        if on_page():
            # The mime type's prefix keeps the output out of the page; only the prose shows it.
            mime = "application/papermill.record/text/plain"
            metadata = {"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}}
            # repr: MyST-NB evaluates what it can, and would print the string "100,000" as the pair (100, 0)
            display({mime: repr(value)}, metadata=metadata, raw=True)
        else:
            print(f"{name} = {value:.5g}" if isinstance(value, float) else f"{name} = {value}")


def _number(name: str, value) -> float | int:
    """Return a plain finite Python number, or say which argument was none."""
    try:
        number = value.item() if hasattr(value, "item") else value
        finite = np.isfinite(number)
    except (TypeError, ValueError, RuntimeError):
        finite = False
    if not finite:
        raise ValueError(f"glue: {name} must be one finite number or a string, found {value!r}")
    return number
