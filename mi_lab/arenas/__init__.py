"""The arena: an estimator, yours or ours, runs on the battery of laws with known information, and is compared.

``mi_lab.arena(my_estimator)`` calls a function of x and y on fresh samples of every law, in a process of its own: one
that raises, hangs or returns NaN loses that law and nothing else.
"""

from mi_lab.arenas.run import arena, cca
from mi_lab.arenas.standing import Bout, Standing, compare, methods, picture, standing

__all__ = ["Bout", "Standing", "arena", "cca", "compare", "methods", "picture", "standing"]
