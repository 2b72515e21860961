"""Wrong answers that a right one has for free: its own code with one thing changed, each with words that are true.

What the words say is what was done, so they hold whenever a student's numbers agree with those of the changed code.
"""

import ast
import copy
import inspect
import math
import textwrap
from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np

BEGIN = "this is what comes out "
REDUCE = {"mean": "an average", "sum": "a sum"}
OTHER = {"mean": "sum", "sum": "mean"}
ALONG = {"mean", "sum", "logsumexp", "max", "min", "cumsum", "std", "var", "amax"}
WITHOUT = {  # functions of one number, left out
    "exp": "the exponential",
    "expm1": "the exponential",
    "log": "the logarithm",
    "log1p": "the logarithm",
    "sqrt": "the root",
    "abs": "the absolute value",
    "clip": "the clipping",
    "clamp": "the clipping",
    "maximum": "the maximum",
    "minimum": "the minimum",
    "detach": "detach",
    "digamma": "ψ",
    "square": "the square",
}
CALLED = {  # how the result of a function is called
    "mean": "the average",
    "sum": "the sum",
    "diag": "the diagonal",
    "diagonal": "the diagonal",
    "trace": "the trace",
    "exp": "the exponential",
    "log": "the logarithm",
    "logsumexp": "the logarithm of the summed exponentials",
    "sqrt": "the root",
    "var": "the variance",
    "std": "the standard deviation",
    "len": "the number of rows",
    "outer": "the outer product",
    "digamma": "ψ",
}
KINDS = {ast.Mult: "product", ast.Div: "quotient", ast.Pow: "power", ast.Add: "sum", ast.Sub: "difference"}
CLEAR = {"detach", "float", "clone", "clip", "clamp", "asarray", "as_tensor", "fill_diagonal"}  # not worth a word
SPREAD = {"exp", "log", "sqrt", "digamma", "square", "abs"}  # whose order with an average matters
SPELT = {1: "1", 0.5: "½", 0.25: "¼", 2: "2"}
SUMS, PRODUCTS = (ast.Add, ast.Sub), (ast.Mult, ast.Div)
Change = tuple[str, str, ast.AST, ast.AST]  # family, words, old node, new node


def variants(function: Callable) -> list[tuple[str, Callable]]:
    """Return what a right answer becomes when one thing in it is changed, and what was changed, in words.

    Parameters
    ----------
    function : written with ``def``, with nothing taken from an enclosing function
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return []
    (top,) = tree.body[:1]
    if not isinstance(top, ast.FunctionDef) or function.__closure__:
        return []
    top.decorator_list = []
    made, changes = {}, list(_Changes(top).all())
    for words, pairs in _grouped(changes):
        code = _replaced(top, pairs)
        if (key := ast.dump(code)) != ast.dump(top):
            made.setdefault(key, (words, code))
    return [(words, _compiled(code, function.__globals__)) for words, code in made.values()]


def _grouped(changes: list[Change]) -> Iterator[tuple[str, list]]:
    """Return each change alone, and after them those of one family at once."""
    families: dict[str, list] = {}
    for family, words, old, new in changes:
        yield BEGIN + words + ".", [(old, new)]
        if family:
            families.setdefault(family, []).append((old, new))
    for family, pairs in families.items():
        nested = any(a is not b and b in ast.walk(a) for a, _ in pairs for b, _ in pairs)  # then some would be missed
        if len(pairs) > 1 and not nested:
            yield f"{BEGIN}{family}.", pairs


def _replaced(top: ast.FunctionDef, pairs: list[tuple[ast.AST, ast.AST]]) -> ast.FunctionDef:
    whole = ast.Module([top], [])
    fresh = copy.deepcopy(whole, memo := {})
    new = {id(memo[id(old)]): copy.deepcopy(made) for old, made in pairs if id(old) in memo}

    class Swap(ast.NodeTransformer):
        def visit(self, node):
            if id(node) in new:
                return new[id(node)]
            return super().visit(node)

    return ast.fix_missing_locations(Swap().visit(fresh)).body[0]


def _compiled(code: ast.FunctionDef, names: dict) -> Callable:
    space = {**names, "_mean_but_one": _mean_but_one, "math": math, "np": np}
    exec(compile(ast.fix_missing_locations(ast.Module([code], [])), "<variant>", "exec"), space)
    return space[code.name]


def _mean_but_one(values, axis=None):
    """Return the sum divided by one less than the number of values."""
    if axis is None:
        size = np.prod(tuple(values.shape))
        return values.sum() / (int(size) - 1)
    return values.sum(axis) / (values.shape[axis] - 1)


class _Changes:
    """All single changes of a function, with their words."""

    def __init__(self, top: ast.FunctionDef):
        self.top = top
        self.params = [a.arg for a in top.args.args]
        self.made_of: dict[str, set[str]] = {p: {p} for p in self.params}
        for node in ast.walk(top):  # in the order of the lines, for a body without jumps
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name):
                            self.made_of[name.id] = self.made_of.get(name.id, set()) | self._names(node.value)

    def _names(self, node: ast.AST) -> set[str]:
        loads = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        return set().union(*(self.made_of.get(name, set()) for name in loads)) if loads else set()

    def what(self, node: ast.AST, bare: bool = False) -> str:
        """Name a part of the formula: by what is done, or at least by the arguments that it is made of."""
        if isinstance(node, ast.Constant):
            spelt = _spelt(node.value)
            return spelt if bare else f"the {spelt}"
        words = self._spelt(node)
        if words and len(words) <= 60:
            return words
        names = [p for p in self.params if p in self._names(node)]
        kind = KINDS.get(type(getattr(node, "op", None)), "part")
        return f"the {kind} with {_listed(names)}" if names else "a constant"

    def _spelt(self, node: ast.AST) -> str:
        if isinstance(node, ast.Name):
            return node.id if node.id in self.params else ""
        if isinstance(node, ast.Subscript):
            return self._spelt(node.value)
        if not isinstance(node, ast.Call):
            return ""
        name, inner = _called(node), _inner(node)
        if isinstance(node.func, ast.Name) and name in self.params:
            parts = [self._spelt(a) for a in node.args]
            return f"{name}({', '.join(parts)})" if all(parts) else ""
        if name.startswith("_") and not _is_method(node) and node.args and not name.startswith("_mean"):
            parts = [self._spelt(a) for a in node.args]
            return f"the {name[1:].replace('_', ' ')} of {_listed(parts)}" if all(parts) else ""
        below = self._spelt(inner) if inner is not None else ""
        if not below and isinstance(inner, ast.BinOp) and name not in CLEAR:
            below = f"a {KINDS.get(type(inner.op), '')}" if type(inner.op) in KINDS else ""
        if not below:
            return ""
        if name in OTHER and _axis(node) in (0, 1):
            below += f" along axis {_axis(node)}"
        return f"{CALLED[name]} of {below}" if name in CALLED else below if name in CLEAR else ""

    def all(self) -> Iterator[Change]:
        for node in ast.walk(ast.Module(self.top.body, [])):
            if isinstance(node, ast.BinOp):
                yield from self._binary(node)
                yield from self._constants(node)
            elif (
                isinstance(node, ast.UnaryOp)
                and isinstance(node.op, ast.USub)
                and not isinstance(node.operand, ast.Constant)
            ):
                yield "", f"when {self.what(node.operand)} loses its minus", node, node.operand
            elif isinstance(node, ast.Call):
                yield from self._call(node)
            elif isinstance(node, ast.Compare) and len(node.ops) == 1:
                yield from self._compared(node)
            yield from self._unbracketed(node)
        yield from self._exchanged()

    def _binary(self, node: ast.BinOp) -> Iterator[Change]:
        left, right = self.what(node.left), self.what(node.right)

        def other(op):
            return ast.BinOp(node.left, op, node.right)

        if isinstance(node.op, ast.Add | ast.Sub):
            added = isinstance(node.op, ast.Add)
            signs = ("subtracted", "added") if added else ("added", "subtracted")
            yield "", f"when {right} is {signs[0]}, not {signs[1]}", node, other(ast.Sub() if added else ast.Add())
            yield "", f"when {right} is left out beside {left}", node, node.left
            yield (
                "",
                f"when {left} is left out beside {right}",
                node,
                node.right if added else ast.UnaryOp(ast.USub(), node.right),
            )
            if not isinstance(node.left, ast.Constant):
                minus = ast.BinOp(ast.UnaryOp(ast.USub(), node.left), node.op, node.right)
                yield "", f"when {left} has the other sign", node, minus
        left, right = self.what(node.left, bare=True), self.what(node.right, bare=True)
        if isinstance(node.op, ast.Mult):
            yield "", f"without {right} as a factor of {left}", node, node.left
            yield "", f"without {left} as a factor of {right}", node, node.right
            yield "", f"when one divides by {right}, and does not multiply", node, other(ast.Div())
            yield "", f"when {left} and {right} are added, not multiplied", node, other(ast.Add())
        elif isinstance(node.op, ast.Div):
            yield "", f"without the division by {right}", node, node.left
            yield "", f"when one multiplies by {right}, and does not divide", node, other(ast.Mult())
            yield "", "with the quotient upside down", node, ast.BinOp(node.right, ast.Div(), node.left)
        elif isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant):
            power = {2: "the square", 0.5: "the root"}.get(node.right.value, "the power")
            yield f"without {power} everywhere", f"without {power} of {left}", node, node.left
            if node.right.value == 2:
                fourth = ast.BinOp(node.left, ast.Pow(), ast.Constant(4))
                yield "", f"with the fourth power of {left} in place of its square", node, fourth

    def _unbracketed(self, node: ast.AST) -> Iterator[Change]:
        """Lose a pair of brackets: a / b * c for a / (b * c), a - b / c for (a - b) / c, log(a) - b for log(a - b)."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, PRODUCTS):
            high, low, below = node.left, node.right, isinstance(node.op, ast.Div)
            loose = SUMS + PRODUCTS if below else SUMS  # a * (b * c) is the same without
            if isinstance(low, ast.BinOp) and isinstance(low.op, loose):
                which = "below the line" if below else f"after {self.what(high)}"
                first = ast.BinOp(high, node.op, low.left)
                yield "", f"when the brackets {which} are lost", node, ast.BinOp(first, low.op, low.right)
            if isinstance(high, ast.BinOp) and isinstance(high.op, SUMS):
                which = "above the line" if below else f"before {self.what(low)}"
                last = ast.BinOp(high.right, node.op, low)
                yield "", f"when the brackets {which} are lost", node, ast.BinOp(high.left, high.op, last)
        elif _called(node) in ("log", "sqrt", "exp") and isinstance(low := _inner(node), ast.BinOp):
            words = f"when the brackets of {WITHOUT[_called(node)]} end too early"
            yield "", words, node, ast.BinOp(_with_inner(node, low.left), low.op, low.right)

    def _constants(self, node: ast.BinOp) -> Iterator[Change]:
        """Put another small number in the place of one that is added, or multiplied by."""
        for side, left in ((node.left, True), (node.right, False)):
            if (
                isinstance(node.op, ast.Pow)
                or not isinstance(side, ast.Constant)
                or type(side.value) not in (int, float)
            ):
                continue
            for value in (2 * side.value, side.value / 2, side.value + 1, side.value - 1):
                if value in (0, side.value) or (value == 1 and isinstance(node.op, PRODUCTS)):
                    continue  # then it is left out, which has words of its own
                new = ast.Constant(int(value) if value == int(value) else value)
                changed = ast.BinOp(new, node.op, node.right) if left else ast.BinOp(node.left, node.op, new)
                beside = self.what(node.right if left else node.left, bare=True)
                yield "", f"with {_spelt(new.value)} in place of {_spelt(side.value)} beside {beside}", node, changed

    def _call(self, node: ast.Call) -> Iterator[Change]:
        name, inner = _called(node), _inner(node)
        if inner is None:
            return
        about = self.what(inner)
        if name in OTHER:
            turned = f"with {REDUCE[OTHER[name]]} in place of {REDUCE[name]}"
            yield turned + " everywhere", f"{turned} of {about}", node, _renamed(node, OTHER[name])
        if name == "mean":
            axis = _axis(node)
            args = [inner] if axis is None else [inner, ast.Constant(axis)]
            new = ast.Call(ast.Name("_mean_but_one", ast.Load()), args, [])
            yield "when every average divides by n - 1", f"when the average of {about} divides by n - 1", node, new
        if name in ALONG and (axis := _axis(node)) in (0, 1):
            yield (
                "along the other axis",
                f"when {about} is gone through along the other axis",
                node,
                _along(node, 1 - axis),
            )
            if name not in ("cumsum", "logsumexp"):
                yield (
                    "",
                    f"when all entries of {about} are taken together, not along one axis",
                    node,
                    _along(node, None),
                )
        if name in WITHOUT:
            yield f"without {WITHOUT[name]} everywhere", f"without {WITHOUT[name]} of {about}", node, inner
        if name == "logsumexp":
            yield "", f"with the average of the exponents for the logarithm of {about}", node, _renamed(node, "mean")
        if name == "log":
            for base, words in ((math.log(2), "2"), (math.log(10), "10")):
                new = ast.BinOp(node, ast.Div(), ast.Constant(base))
                yield f"with logarithms to base {words}", f"with a logarithm to base {words} of {about}", node, new
        if name == "len":
            less = ast.BinOp(node, ast.Sub(), ast.Constant(1))
            yield "with n - 1 in place of n", f"with one less than the number of rows of {about}", node, less
            for other in self.params:
                if isinstance(inner, ast.Name) and other != inner.id:
                    new = ast.Call(node.func, [ast.Name(other, ast.Load())], [])
                    yield "", f"with the number of rows of {other} in place of that of {about}", node, new
        yield from self._order(node, name, inner)

    def _order(self, node: ast.Call, name: str, inner: ast.AST) -> Iterator[Change]:
        """Exchange an average with what is applied to it: exp(mean) for mean(exp)."""
        below = _called(inner) if isinstance(inner, ast.Call) else ""
        deepest = _inner(inner) if below else None
        if deepest is None or not ({name, below} & set(OTHER) and {name, below} & SPREAD):
            return
        first, second = WITHOUT.get(below) or REDUCE[below], WITHOUT.get(name) or REDUCE[name]
        new = _with_inner(inner, _with_inner(node, deepest))
        yield "", f"when {second} is taken before {first}, not after, of {self.what(deepest)}", node, new

    def _compared(self, node: ast.Compare) -> Iterator[Change]:
        turned = {ast.Lt: (ast.LtE, "≤ in place of <"), ast.LtE: (ast.Lt, "< in place of ≤")}
        turned |= {ast.Gt: (ast.GtE, "≥ in place of >"), ast.GtE: (ast.Gt, "> in place of ≥")}
        if type(node.ops[0]) in turned:
            kind, words = turned[type(node.ops[0])]
            yield f"with {words} everywhere", f"with {words}", node, ast.Compare(node.left, [kind()], node.comparators)

    def _exchanged(self) -> Iterator[Change]:
        """Put one argument in place of another, in one place."""
        used = [n for n in ast.walk(self.top) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
        for old, new in permutations(self.params, 2):
            places = [n for n in used if n.id == old]
            for place in places:
                where = "" if len(places) == 1 else " in one place"
                yield "", f"with {new} in place of {old}{where}", place, ast.Name(new, ast.Load())


def _spelt(value) -> str:
    return SPELT.get(value, f"{value}")


def _listed(words: list[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"


def _called(node: ast.AST) -> str:
    function = getattr(node, "func", None)
    return getattr(function, "attr", None) or getattr(function, "id", "")


def _is_method(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "torch", "math")
    )


def _inner(node: ast.AST):
    """Return what a function is applied to, be it its argument or the object of a method."""
    if not isinstance(node, ast.Call):
        return None
    return node.func.value if _is_method(node) else node.args[0] if node.args else None


def _with_inner(node: ast.Call, inner: ast.AST) -> ast.Call:
    if _is_method(node):
        return ast.Call(ast.Attribute(inner, node.func.attr, ast.Load()), node.args, node.keywords)
    return ast.Call(node.func, [inner, *node.args[1:]], node.keywords)


def _renamed(node: ast.Call, name: str) -> ast.Call:
    if isinstance(node.func, ast.Attribute):
        return ast.Call(ast.Attribute(node.func.value, name, ast.Load()), node.args, node.keywords)
    return ast.Call(ast.Name(name, ast.Load()), node.args, node.keywords)


def _axis(node: ast.Call) -> int | None:
    """Return the axis that a reduction is told, if it is a number."""
    given = [k.value for k in node.keywords if k.arg in ("axis", "dim")] or node.args[0 if _is_method(node) else 1 :][
        :1
    ]
    return given[0].value if given and isinstance(given[0], ast.Constant) and type(given[0].value) is int else None


def _along(node: ast.Call, axis: int | None) -> ast.Call:
    keep = [k for k in node.keywords if k.arg not in ("axis", "dim")]
    args = node.args[: 0 if _is_method(node) else 1]
    if axis is None:
        return ast.Call(node.func, args, [])
    return ast.Call(node.func, [*args, ast.Constant(axis)], keep)
