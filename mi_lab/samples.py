"""Samples: the one place where what the user hands in is checked and given one form.

NumPy, torch, pandas and lists come in; ``(n,)`` becomes ``(n, 1)``; out goes a tensor `(n, d)` (`as_samples`) or a
float64 array `(n, d)` (`as_array`, which does without torch).  Whatever is wrong is a `ValueError` in one sentence
that says which argument, what was found and what is wanted.
"""

import sys
import warnings
from typing import Any

import numpy as np

WANTED = "numbers of shape (n,) or (n, d)"
_BLOCK = 1 << 22  # elements looked at together, so that checking a large array needs no second one of its size


def _is_tensor(x: Any) -> bool:
    torch = sys.modules.get("torch")  # a tensor can only come from a torch that is loaded already
    return torch is not None and isinstance(x, torch.Tensor)


def _found(x: Any) -> str:
    return f"shape {tuple(x.shape)}"


def _numeric(x: Any, name: str) -> np.ndarray:
    """Turn anything but a tensor into an array of real numbers, or say why it can't be one."""
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(f"{name} has {int(np.ma.getmaskarray(x).sum())} masked entries: drop or fill them first.")
    if x is None or isinstance(x, (str, bytes, dict, set)):
        raise ValueError(f"{name} is a {type(x).__name__}, wanted {WANTED}.")
    try:
        array = x.to_numpy() if hasattr(x, "to_numpy") else np.asarray(x)
        if array.dtype == object:  # pandas' nullable columns, lists of tensors, ragged lists
            array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} doesn't form an array of numbers (ragged rows or text?), wanted {WANTED}.") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} has dtype {array.dtype}, wanted real {WANTED}.")
    return array


def native(x: np.ndarray) -> np.ndarray:
    """Return floats as torch can take them: this machine's byte order, at most float64, no step backwards."""
    kind = np.float64 if x.dtype.itemsize > 8 else x.dtype.newbyteorder("=")
    return np.ascontiguousarray(x, dtype=kind).reshape(x.shape)  # a number without an axis keeps having none


def _shaped(x: Any, name: str, minimum: int) -> Any:
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2:
        raise ValueError(f"{name} has {_found(x)}, wanted {WANTED}.")
    if x.shape[1] == 0:
        raise ValueError(f"{name} has no columns ({_found(x)}), wanted {WANTED} with d >= 1.")
    if x.shape[0] < minimum:
        raise ValueError(f"{name} has n = {x.shape[0]} samples, wanted at least {minimum}.")
    return x


def _finite(x: Any, name: str, isnan: Any, isinf: Any) -> None:
    rows = max(1, _BLOCK // x.shape[1])
    for start in range(0, x.shape[0], rows):
        block = x[start : start + rows]
        nan, inf = int(isnan(block).sum()), int(isinf(block).sum())
        if nan or inf:
            what = "NaN" if nan else "infinite"
            raise ValueError(f"{name} holds {nan or inf} {what} value(s): drop or fill those samples first.")


def as_array(x: Any, name: str = "x", minimum: int = 2) -> np.ndarray:
    """Check samples and return them as a float64 array.

    Parameters
    ----------
    x : array-like of shape (n,) or (n, d)
        NumPy array, torch tensor, pandas Series or DataFrame, or list.
    name : str
        How the argument is called in an error message.
    minimum : int
        The fewest samples wanted.

    Returns
    -------
    ndarray of shape (n, d), float64

    Raises
    ------
    ValueError
        Wrong shape or dtype, NaN, infinite, or too few samples.
    """
    if _is_tensor(x):
        x = x.detach().cpu()
        x = x.float().numpy() if str(x.dtype) == "torch.bfloat16" else x.numpy()
    x = _shaped(_numeric(x, name), name, minimum)
    if x.dtype.kind == "f":
        _finite(x, name, np.isnan, np.isinf)
    x = np.ascontiguousarray(x, dtype=np.float64)  # torch takes no step backwards, and nothing that is locked
    return x if x.flags.writeable else x.copy()


def as_samples(x: Any, name: str = "x", minimum: int = 2, device: Any = None):
    """Check samples and return them as a float32 tensor.

    Parameters
    ----------
    x : array-like of shape (n,) or (n, d)
        NumPy array, torch tensor, pandas Series or DataFrame, or list.  A float32 array shares its memory with the
        result; a tensor keeps its graph, so that gradients flow back into it.
    name : str
        How the argument is called in an error message.
    minimum : int
        The fewest samples wanted.
    device : torch.device or str, optional
        Where the result lives; the input's own device if left out.

    Returns
    -------
    Tensor of shape (n, d), float32

    Raises
    ------
    ValueError
        Wrong shape or dtype, NaN, infinite, too large for float32, or too few samples.
    """
    import torch

    if isinstance(x, torch.Tensor):
        if x.is_complex() or x.layout != torch.strided:
            raise ValueError(f"{name} has dtype {x.dtype} and layout {x.layout}, wanted real, dense {WANTED}.")
        x = _shaped(x, name, minimum)
        _finite(x.detach(), name, torch.isnan, torch.isinf)
        tensor = x.to(device=device, dtype=torch.float32)
    else:
        x = _shaped(_numeric(x, name), name, minimum)
        if x.dtype.kind == "f":
            _finite(x, name, np.isnan, np.isinf)
        with np.errstate(over="ignore"):
            x = np.ascontiguousarray(x, dtype=np.float32)
        tensor = torch.from_numpy(x if x.flags.writeable else x.copy()).to(device=device)
    largest = tensor.detach().abs().amax().item()
    if largest == float("inf"):
        raise ValueError(f"{name} holds values too large for float32 (above 3.4e38): rescale it first.")
    return tensor


def as_pair(x: Any, y: Any, names: tuple[str, str] = ("x", "y"), minimum: int = 2, device: Any = None):
    """Check joint samples ``(x[i], y[i])`` and return them as float32 tensors of shapes (n, d_x) and (n, d_y).

    Raises
    ------
    ValueError
        As `as_samples`, or when the numbers of samples differ.
    """
    x, y = as_samples(x, names[0], minimum, device), as_samples(y, names[1], minimum, device)
    same_length(x, y, names)
    return x, y


def as_array_pair(x: Any, y: Any, names: tuple[str, str] = ("x", "y"), minimum: int = 2):
    """Check joint samples and return them as float64 arrays of shapes (n, d_x) and (n, d_y); see `as_pair`."""
    x, y = as_array(x, names[0], minimum), as_array(y, names[1], minimum)
    same_length(x, y, names)
    return x, y


def as_tensor(x: Any, name: str = "x", minimum: int = 1):
    """Check samples and return them as a tensor (n, d): a float tensor as it is, all else as `as_samples` does."""
    import torch

    if not (isinstance(x, torch.Tensor) and x.is_floating_point() and x.ndim == 2):
        return as_samples(x, name, minimum)
    _shaped(x, name, minimum)
    if not bool(x.detach().sum().isfinite()):  # quicker than a look at every entry, and calls for it
        _finite(x.detach(), name, torch.isnan, torch.isinf)
    return x


def as_tensor_pair(x: Any, y: Any, minimum: int = 1):
    """Check joint samples and return them as tensors (n, d_x) and (n, d_y); see `as_tensor`."""
    x, y = as_tensor(x, "x", minimum), as_tensor(y, "y", minimum)
    same_length(x, y)
    return x, y


def same_length(x: Any, y: Any, names: tuple[str, str] = ("x", "y")) -> None:
    """Raise a `ValueError` unless x and y hold equally many samples."""
    if x.shape[0] != y.shape[0]:
        raise ValueError(
            f"{names[0]} has {x.shape[0]} samples and {names[1]} has {y.shape[0]}: "
            "wanted equally many, sample i of one going with sample i of the other."
        )


def is_constant(x: Any, name: str = "x") -> bool:
    """Say whether the samples (n, d) never vary, and warn that their mutual information with anything is then 0."""
    constant = bool((x == x[:1]).all())
    if constant:
        warnings.warn(
            f"{name} is constant in all {x.shape[0]} samples, so its mutual information with anything is 0: "
            "nothing was estimated.",
            stacklevel=3,
        )
    return constant
