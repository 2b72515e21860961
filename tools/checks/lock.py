"""`python -m tools.checks.lock`: pin in constraints.txt what the pinned requirements need in turn."""

import re
from importlib.metadata import distribution, distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.book.source import ROOT


def needed(roots: set[str]) -> set[str]:
    """Return the names of all installed packages that ``roots`` need, directly or not, themselves left out."""
    installed = {canonicalize_name(d.metadata["Name"]) for d in distributions()}
    todo, seen = list(roots), set(roots)
    while todo:
        for text in distribution(todo.pop()).requires or []:
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            wanted = not requirement.marker or any(requirement.marker.evaluate({"extra": e}) for e in ("", *EXTRAS))
            if wanted and name in installed and name not in seen:
                seen.add(name)
                todo.append(name)
    return seen - roots


EXTRAS = ("toml",)


def main() -> None:
    """Write constraints.txt."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    roots = {canonicalize_name(m[1]) for line in lines if (m := re.match(r"([A-Za-z0-9_.-]+)==", line))}
    pins = sorted(f"{name}=={distribution(name).version.split('+')[0]}" for name in needed(roots))
    head = "# What requirements.txt needs in turn, as it was installed and tested together; written by `make lock`.\n"
    (ROOT / "constraints.txt").write_text(head + "\n".join(pins) + "\n", encoding="utf-8")
    print(f"{len(pins)} packages pinned in constraints.txt.")


if __name__ == "__main__":
    main()
