"""What an answer did, as plain numbers: the only thing that a judge ever sees."""

import numpy as np

MOST_VALUES = 200_000


class NotAttempted(Exception):
    """The answer is still the stub, or None came back (``value``)."""

    def __init__(self, value=...):
        super().__init__()
        self.value = value


class Unusable(Exception):
    """An answer gave something that is no number; the message says what."""


def is_blank(value) -> bool:
    """Tell whether ``value`` is what an unsolved stub leaves behind."""
    return value is None or value is Ellipsis or value is NotImplemented


def observe(value) -> dict:
    """Flatten numbers, arrays, tensors, tuples and dicts into ``{path: {"shape": [...], "values": [...]}}``.

    Raises
    ------
    NotAttempted
        If ``value`` is None or Ellipsis.
    Unusable
        If a leaf is neither numeric nor a short text.
    """
    leaves: dict[str, dict] = {}
    _walk(value, "", leaves)
    if sum(len(leaf.get("values", ())) for leaf in leaves.values()) > MOST_VALUES:
        raise Unusable("your answer is far larger than what is asked for: look at its shape")
    return leaves


def _walk(value, path: str, leaves: dict) -> None:
    if is_blank(value):
        raise NotAttempted(value)
    if isinstance(value, dict):
        for key, item in value.items():
            _walk(item, f"{path}.{key}" if path else str(key), leaves)
    elif isinstance(value, str):
        leaves[path] = {"text": value[:500]}
    elif isinstance(value, list | tuple) and not _is_numeric(value):
        for key, item in enumerate(value):
            _walk(item, f"{path}.{key}" if path else str(key), leaves)
    else:
        array = _array(value)
        leaves[path] = {"shape": list(array.shape), "values": [float(v) for v in array.ravel()[: MOST_VALUES + 1]]}


def _is_numeric(value) -> bool:
    return bool(value) and all(isinstance(v, int | float | np.number) for v in value)


def _array(value) -> np.ndarray:
    if hasattr(value, "detach"):  # a tensor, whatever its device, type and graph
        value = value.detach().cpu()
        value = value.double().numpy() if not value.is_complex() else value.numpy()
    elif hasattr(value, "to_numpy"):
        value = value.to_numpy()
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise Unusable("your answer is a complex number")
        return array.astype(np.float64)
    except (TypeError, ValueError):
        what = type(value).__name__
        what = (
            "a function, not the number it returns: is a pair of brackets missing?" if callable(value) else f"a {what}"
        )
        raise Unusable(f"a number or an array is wanted, your answer gave {what}") from None


def parse(leaves) -> dict[str, np.ndarray | str]:
    """Return path -> array (or text) from what ``observe`` made; anything else is refused, a stranger may send it."""
    parsed: dict[str, np.ndarray | str] = {}
    for path, leaf in dict(leaves).items():
        if "text" in leaf:
            parsed[str(path)] = str(leaf["text"])[:500]
        else:
            values = np.array([float(v) for v in leaf["values"][:MOST_VALUES]], dtype=np.float64)
            parsed[str(path)] = values.reshape([int(s) for s in leaf["shape"]])
    return parsed
