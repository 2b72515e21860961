"""`explore`: any function that draws, with sliders; live it is called, on the page its pictures are ready."""

import base64
import io
import itertools
from collections.abc import Callable, Sequence
from html import escape

import ipywidgets

from mi_lab.teaching.pages import on_page
from mi_lab.teaching.sliders import block
from mi_lab.teaching.sliders.grids import Parameter, check_count, parameters, written
from mi_lab.teaching.sliders.pictures import Shot, aligned, packed, shoot, split
from mi_lab.teaching.sliders.words import signed

SIZE = (4.8, 3.4)  # inches: so that a figure's letters stay readable on a phone


def explore(
    draw: Callable,
    *,
    labels: dict[str, str] | None = None,
    start: dict | None = None,
    title: str | None = None,
    size: tuple[float, float] = SIZE,
    dpi: int = 144,
    limit: int = block.LIMIT,
    **ranges,
):
    """Put one or two sliders on a function that draws.

    In a live notebook the sliders call the function; in the built book the same call gives a block that needs no
    kernel: the pictures for a coarse grid of values, rendered when the page is built.

    Parameters
    ----------
    draw : callable
        Draws with Matplotlib or seaborn, or returns a figure (or axes); called with one value per parameter.  What it
        prints is shown under the picture and read by screen readers: print the numbers that matter.
    **ranges
        One or two parameters of ``draw``: ``n_=(2, 1000)`` (on the page 12 values, 4 each for two parameters, in equal
        ratios if the range spans more than a factor 20), ``rho=(0, .9, .1)``, or a list of values.
    labels : dict, optional
        The sliders' labels, by parameter.
    start : dict, optional
        Values at the start, by parameter; the first of the range if left out.
    title : str, optional
        The block's name for a screen reader.
    size : (float, float)
        Default figure size in inches; a size that ``draw`` gives itself wins.
    dpi : int
        Pixels per inch of the page's pictures.
    limit : int
        Bytes that the block may weigh on the page.

    Returns
    -------
    object
        To be displayed: make the call the last line of the cell.

    Raises
    ------
    TypeError
        If ``draw`` can't be called so.
    ValueError
        Ranges empty, reversed or not finite; on the page also: too many pictures, a block too heavy.
    RuntimeError
        On the page, if ``draw`` raises for a value: the block is shown, the frame says so, and the build stops.
    """
    wanted = parameters(draw, ranges, labels, start)
    title = title or f"{getattr(draw, '__name__', 'figure')}: pictures for {' and '.join(p.label for p in wanted)}"
    if not on_page():
        return Live(draw, wanted, size)
    check_count(wanted)
    frames = Frames(draw, wanted, title, size, dpi, limit)
    frames.stop_if_broken()
    return frames


def _called(values: dict) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def _words(wanted: Sequence[Parameter], values: dict) -> str:
    return ", ".join(f"{p.label} = {written(values[p.name])}" for p in wanted)


def _failure(shot: Shot, name: str) -> str:
    return f"{name}({_called(shot.values)}) raised {type(shot.error).__name__}: {shot.error}"


class Frames:
    """What `explore` gives on a page: every picture of a coarse grid, packed, each different one once."""

    def __init__(self, draw, wanted: list[Parameter], title: str, size, dpi: int, limit: int):
        self._name = getattr(draw, "__name__", "draw")
        cells = [
            dict(zip([p.name for p in wanted], values, strict=True))
            for values in itertools.product(*(p.values for p in wanted))
        ]
        self._shots = [shoot(draw, values, size, dpi) for values in cells]
        images, pixels = aligned(self._shots)
        shared, images = split(images)
        addresses = [packed(image) if image else "" for image in images]
        first = cells.index({p.name: p.start for p in wanted})
        different = list(dict.fromkeys(a for a in addresses if a))
        blank = _blank(pixels)
        frame = [different.index(a) if a else len(different) for a in addresses]
        shown = addresses[first] or blank
        texts = [_words(wanted, shot.values) for shot in self._shots]
        errors = ["" if shot.error is None else _failure(shot, self._name) for shot in self._shots]
        alts = [
            ". ".join(part for part in (text, error or shot.seen, signed(shot.printed).replace("\n", "; ")) if part)
            for text, error, shot in zip(texts, errors, self._shots, strict=True)
        ]
        controls = [
            {
                "name": p.name,
                "label": p.label,
                "shown": f"{{value{i}}}",
                "spoken": "{spoken}",
                "grid": list(range(len(p.values))),
                "start": p.values.index(p.start),
            }
            for i, p in enumerate(wanted)
        ]
        names = [[written(v) for v in p.values] for p in wanted]
        data = {
            "controls": controls,
            "images": ["" if a == shown else a for a in [*different, blank]],
            "frame": frame,
            "words": [signed(shot.printed) for shot in self._shots],
            "alts": alts,
            "errors": errors,
            "names": names,
            "print": _few(len(wanted[0].values), controls[0]["start"]),
        }
        state = {"words": data["words"][first], "error": errors[first], "spoken": alts[first]}
        state |= {f"value{i}": names[i][c["start"]] for i, c in enumerate(controls)}
        at = f'width="{round(pixels[0] * 96 / dpi)}" height="{round(pixels[1] * 96 / dpi)}" decoding="sync"'
        picture = (
            f'<img class="mi-image dark-light" data-draw="image" src="{shown}" alt="{escape(alts[first])}" {at} />'
        )
        if shared:
            picture = f'<img class="mi-image dark-light" src="{packed(shared)}" alt="" {at} />{picture}'
        paper = " mi-paper" if any(shot.coloured for shot in self._shots) else ""
        picture = f'<span class="mi-stack{paper}">{picture}</span>'
        if any(errors):
            picture += '<p class="mi-error" data-fill="{error}">' + escape(errors[first]) + "</p>"
        description = "Pictures made when the book was built; in a live notebook the slider calls the code itself."
        body = block.markup("frames", picture, data, state, title, "{words}", description)
        self._text = block.page("frames", body, data)
        self._errors = [e for e in errors if e]
        weight = block.size(self._text)
        if weight > limit:
            fits = max(2, int(len(cells) * (limit - 30_000) / max(1, weight - 30_000)))
            raise ValueError(
                f"explore: {len(cells)} pictures weigh {weight / 1000:.0f} kB, the limit of a block is "
                f"{limit / 1000:.0f} kB: name fewer values (about {fits} would fit), or lower dpi ({dpi}) or size."
            )

    def stop_if_broken(self) -> None:
        """Show the block and raise a `RuntimeError` that names the values for which the function failed."""
        if self._errors:
            from IPython.display import display

            display(self)
            cause = next(shot.error for shot in self._shots if shot.error)
            raise RuntimeError("explore: " + "; ".join(self._errors)) from cause

    def html(self) -> str:
        """Return the self-contained block."""
        return self._text

    def _repr_mimebundle_(self, **kwargs):
        return {"text/plain": f"explore({self._name}): {len(self._shots)} pictures", "text/html": self._text}


def _blank(pixels: tuple[int, int]) -> str:
    from PIL import Image

    return packed(Image.new("RGBA", pixels, (255, 255, 255, 0)))


def _few(count: int, start: int) -> list[int]:
    """Choose the frames that paper shows: first, middle, last, and where the slider starts."""
    return sorted({0, count // 2, count - 1} | ({start} if count > 3 else set()))


class Live(ipywidgets.VBox):
    """What `explore` gives in a live notebook: sliders that call the function.

    Pictures and words go into an HTML widget, not into an Output widget: that one exchanges messages while a cell
    runs, which stalls automatic execution at random.
    """

    def __init__(self, draw: Callable, wanted: list[Parameter], size):
        self._draw, self._wanted, self._size = draw, wanted, size
        self.sliders = {p.name: _slider(p) for p in wanted}
        self.picture = ipywidgets.HTML()
        super().__init__([*self.sliders.values(), self.picture])
        self._show()
        for slider in self.sliders.values():
            slider.observe(self._show, "value")

    @property
    def values(self) -> dict:
        """The sliders' present values."""
        return {name: slider.value for name, slider in self.sliders.items()}

    def _show(self, _change=None) -> None:
        shot = shoot(self._draw, self.values, self._size, dpi=110, transparent=False)
        words = escape(signed(shot.printed))
        if shot.error is None:
            buffer = io.BytesIO()
            shot.image.convert("RGB").save(buffer, "PNG")
            alt = escape(". ".join(p for p in (_words(self._wanted, self.values), shot.seen) if p))
            address = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
            width = round(shot.image.size[0] * 96 / 110)
            picture = f'<img src="{address}" alt="{alt}" width="{width}" style="max-width:100%;height:auto" />'
        else:
            name = getattr(self._draw, "__name__", "draw")
            picture = f'<p role="alert"><strong>{escape(_failure(shot, name))}</strong></p>'
        self.picture.value = f'{picture}<pre style="white-space:pre-wrap">{words}</pre>' if words else picture


def _slider(p: Parameter):
    common = {"description": p.label, "style": {"description_width": "initial"}, "layout": {"width": "95%"}}
    if p.low is None:
        options = [(written(v), v) for v in p.values]
        return ipywidgets.SelectionSlider(options=options, value=p.start, continuous_update=False, **common)
    kind = ipywidgets.IntSlider if isinstance(p.low, int) else ipywidgets.FloatSlider
    return kind(value=p.start, min=p.low, max=p.high, step=p.step, continuous_update=False, **common)
