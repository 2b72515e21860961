"""Running a function that draws and taking its picture, whatever way it draws; and packing many of them."""

import base64
import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image, ImageFilter, features


@dataclass
class Shot:
    """What one call drew: its pixels (or the error), where they lie on the figure, and its words."""

    values: dict
    image: Image.Image | None = None
    corner: tuple[int, int] = (0, 0)  # left and top, in pixels from the figure's top left corner
    printed: str = ""
    seen: str = ""  # titles and axes, for those who can't see them
    coloured: bool = False  # colours stand for numbers, or it is a photograph: nothing to turn over in the dark
    error: Exception | None = None


def shoot(draw: Callable, values: dict, size: tuple[float, float], dpi: int, transparent: bool = True) -> Shot:
    """Call ``draw(**values)`` and take its figure's picture; an exception becomes the shot's ``error``."""
    import matplotlib.pyplot as plt

    # the first figure of a notebook loads its backend, which switches interactive mode on; inside rc_context that
    # would be undone, and no later figure of the notebook would be displayed
    plt.close(plt.figure())
    shot, before, printed = Shot(values), set(plt.get_fignums()), io.StringIO()
    try:
        with plt.rc_context({"figure.figsize": size}), contextlib.redirect_stdout(printed):
            result = draw(**values)
            figure = _figure(result, [n for n in plt.get_fignums() if n not in before], bool(before))
            shot.seen, shot.coloured = _seen(figure), _coloured(figure)
            shot.image, shot.corner = _pixels(figure, dpi, transparent)
        if isinstance(result, str):
            print(result, file=printed)
    except Exception as error:  # the reader's own function: whatever it raises is shown to them
        shot.error = error
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
    shot.printed = printed.getvalue().strip()
    return shot


def _figure(result: Any, new: list[int], some_before: bool) -> Figure:
    import matplotlib.pyplot as plt

    if isinstance(result, np.ndarray) and result.size:
        result = result.flat[0]
    for candidate in (result, getattr(result, "figure", None), getattr(result, "fig", None)):
        if isinstance(candidate, Figure):
            return candidate
    if len(new) > 1:
        raise TypeError(f"it opened {len(new)} figures: draw into one (plt.subplots), or return the one to show")
    if new:
        return plt.figure(new[0])
    if some_before:
        return plt.gcf()
    raise TypeError(f"it drew nothing and returned {type(result).__name__}, wanted a Matplotlib figure")


def _seen(figure: Figure) -> str:
    """Say what titles and axes say."""
    parts = [figure.get_suptitle()]
    for axes in figure.axes:
        parts.append(axes.get_title())
        labels = [f"{side}: {text}" for side, text in (("x", axes.get_xlabel()), ("y", axes.get_ylabel())) if text]
        parts.append(", ".join(labels))
    kept = dict.fromkeys(" ".join(p.split()) for p in parts if p)
    return "; ".join(kept)


def _coloured(figure: Figure) -> bool:
    """Tell whether a figure holds an image, a heat map, filled contours, or points coloured by a number."""
    return any(axes.images or any(c.get_array() is not None for c in axes.collections) for axes in figure.axes)


def _pixels(figure: Figure, dpi: int, transparent: bool) -> tuple[Image.Image, tuple[int, int]]:
    """Render the figure and whatever sticks out of it, cut at whole pixels so that frames can lie on each other."""
    figure.canvas.draw()
    width, height = figure.get_size_inches()
    tight = figure.get_tightbbox()
    pad = 0.02
    edges = [min(tight.x0 - pad, 0), min(tight.y0 - pad, 0), max(tight.x1 + pad, width), max(tight.y1 + pad, height)]
    left, bottom = (int(np.floor(e * dpi)) for e in edges[:2])
    right, top = (int(np.ceil(e * dpi)) for e in edges[2:])
    box = Bbox([[left / dpi, bottom / dpi], [right / dpi, top / dpi]])
    buffer = io.BytesIO()
    look = {"transparent": True} if transparent else {"facecolor": "white"}
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches=box, pad_inches=0, **look)
    buffer.seek(0)
    image = Image.open(buffer).convert("RGBA")
    return image, (left, int(round(height * dpi)) - top)


def aligned(shots: list[Shot]) -> tuple[list[Image.Image | None], tuple[int, int]]:
    """Lay all pictures on canvases of one size, so that nothing jumps when they are flipped through."""
    there = [s for s in shots if s.image]
    if not there:
        return [None] * len(shots), (640, 400)
    left, top = (min(s.corner[i] for s in there) for i in (0, 1))
    size = tuple(max(s.corner[i] - (left, top)[i] + s.image.size[i] for s in there) for i in (0, 1))

    def laid(shot: Shot) -> Image.Image | None:
        if not shot.image:
            return None
        canvas = Image.new("RGBA", size, (255, 255, 255, 0))
        canvas.paste(shot.image, (shot.corner[0] - left, shot.corner[1] - top))
        return canvas

    return [laid(s) for s in shots], size


def split(images: list[Image.Image | None]) -> tuple[Image.Image | None, list[Image.Image | None]]:
    """Split pictures into what all of them share, axes and letters, and what is each one's own.

    Laid over the shared part, each own part gives its picture back; it includes a rim of two pixels of the shared
    part, else a seam would show where the browser scales both.
    """
    there = [np.asarray(image) for image in images if image]
    if len(there) < 2:
        return None, images
    same = np.logical_and.reduce([(pixels == there[0]).all(-1) for pixels in there[1:]])
    rim = np.asarray(Image.fromarray(~same).convert("L").filter(ImageFilter.MaxFilter(5)))[..., None] > 0
    own = [Image.fromarray(np.where(rim, np.asarray(im), 0).astype(np.uint8)) if im else None for im in images]
    return Image.fromarray(np.where(same[..., None], there[0], 0).astype(np.uint8)), own


def packed(image: Image.Image) -> str:
    """Return a picture as a data address: WebP where Pillow has it, with few colours, which charts don't miss."""
    few = image.quantize(48, method=Image.Quantize.FASTOCTREE)
    buffer = io.BytesIO()
    if features.check("webp"):
        few.convert("RGBA").save(buffer, "WEBP", lossless=True, quality=60, method=4)
        kind = "webp"
    else:
        few.save(buffer, "PNG", optimize=True)
        kind = "png"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
