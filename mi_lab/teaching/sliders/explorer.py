"""The explorers' base: live an anywidget whose traits follow the sliders, on the page a block that needs no kernel."""

from typing import Any, ClassVar

import anywidget
import numpy as np
import traitlets

from mi_lab.teaching.pages import on_page
from mi_lab.teaching.sliders import block
from mi_lab.teaching.sliders.svg import Panel
from mi_lab.teaching.sliders.words import fill


def plain(value: Any) -> Any:
    """Turn arrays into lists and NumPy numbers into Python's, for JSON."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


class Explorer(anywidget.AnyWidget):
    """A picture, one slider, one idea; some ideas want a second slider, or a button that moves the first.

    A subclass says what is drawn (`_panels`), in which words (`sentence`, `spoken`, ...) and the mathematics twice:
    `compute` in Python for the first picture, and the function of the same name in ``<kind>.mjs`` for the browser.
    The tests compare the two.

    Attributes
    ----------
    numbers : dict
        The numbers that the picture shows for the slider's present value.
    """

    kind: ClassVar[str]
    title: ClassVar[str]  # the block's name for a screen reader
    control: str  # the trait that the slider moves
    label: str  # the slider's visible label
    shown: str  # template of the value beside the label
    spoken: str  # template of the value in words
    sentence: str  # template of the sentence under the picture
    description: str  # what is to be seen, for those who can't see it
    second: ClassVar[dict | None] = None  # a second slider: its name, label, shown and spoken
    play: ClassVar[dict | None] = None  # buttons beside the first: the words run, pause, step, again, and calm's leap

    _markup = traitlets.Unicode().tag(sync=True)
    _data = traitlets.Dict().tag(sync=True)

    def __init__(self, grid: list, start: Any, data: dict, printed: list, second: tuple[list, Any] | None = None):
        self._esm = block.module(self.kind)
        self._css = block.style()
        spec = {"name": self.control, "label": self.label, "shown": self.shown, "spoken": self.spoken}
        spec |= {"grid": plain(grid), "start": plain(start)} | ({"play": self.play} if self.play else {})
        controls = [spec]
        if self.second is not None and second is not None:
            controls.append({**self.second, "grid": plain(second[0]), "start": plain(second[1])})
        self._facts = {**plain(data), "controls": controls, "print": plain(printed)}
        starts = {c["name"]: c["start"] for c in controls}
        state = self.compute(*starts.values())
        pictures = "".join(panel.markup() for panel in self._panels(state))
        body = block.markup(self.kind, pictures, self._facts, state, self.title, self.sentence, self.description)
        self._body = body
        super().__init__(_markup=body.replace("@@", ""), _data={} if on_page() else self._facts, **starts)

    def open(self):
        """Open the channel to the notebook's front end; on a page there is none, and the page stays free of widgets."""
        if not on_page():
            super().open()

    def _now(self) -> dict:
        return self.compute(*(getattr(self, control["name"]) for control in self._facts["controls"]))

    @property
    def numbers(self) -> dict:
        """The numbers shown for the sliders' present values (nats where they are information)."""
        state = self._now()
        return {name: v for name, v in plain(state).items() if isinstance(v, (int, float))}

    def compute(self, *values: Any) -> dict:
        """Return all numbers and coordinates of the picture at the sliders' ``values``."""
        raise NotImplementedError

    def _panels(self, state: dict) -> list[Panel]:
        raise NotImplementedError

    def html(self) -> str:
        """Return the self-contained block for a page.

        Raises
        ------
        ValueError
            If it weighs more than a block may.
        """
        text = block.page(self.kind, self._body, self._facts)
        if block.size(text) > block.LIMIT:
            raise ValueError(
                f"{type(self).__name__}: the block weighs {block.size(text) / 1000:.0f} kB, the limit is "
                f"{block.LIMIT / 1000:.0f} kB; give it fewer samples."
            )
        return text

    def words(self) -> str:
        """Return the sentence under the picture for the sliders' present values."""
        return fill(self.sentence, self._now())

    def _repr_mimebundle_(self, **kwargs):
        text = {"text/plain": self.words()}
        if on_page():
            return {**text, "text/html": self.html()}
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, **text}, metadata
