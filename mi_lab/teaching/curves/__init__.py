"""Curves of runs that took too long for a page: small files, each of which says how it was made."""

import json
from pathlib import Path

_HERE = Path(__file__).parent


def load_run(name: str) -> dict:
    """Read the result file of a long run.

    Parameters
    ----------
    name : str
        The file's name without its suffix, such as ``"minee-mixed"``.

    Returns
    -------
    dict
        ``about``: the command, the settings and the commit that made the file; ``runs``: one entry a run, nats.

    Raises
    ------
    ValueError
        If there is no such file; the message lists those that there are.
    """
    path = _HERE / f"{name}.json"
    if not path.is_file():
        raise ValueError(
            f"there is no run {name!r}; there are: {', '.join(sorted(p.stem for p in _HERE.glob('*.json')))}"
        )
    return json.loads(path.read_text())


def there_is(name: str) -> bool:
    """Say whether there is a result file of this name: some runs want a machine that not everybody has."""
    return (_HERE / f"{name}.json").is_file()
