"""Logs: what a training run writes for TensorBoard, and its progress bar.

Three runs share a folder, ``train``, ``held_out`` and ``truth``, and the tag ``estimate``, so that TensorBoard draws
the curves and the truth as lines of one chart.
"""

import math
import os
import sys
import time
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

SECONDS = 2.0  # that an event or a progress bar waits at most


def progress(total: int, show: bool | None, what: str, unit: str = "epoch"):
    """Return a progress bar of `total` units; None shows one to who sits there, once two seconds have passed."""
    seen = sys.stderr.isatty() or ("ipykernel" in sys.modules and "MI_LAB_PAGE" not in os.environ)
    delay = SECONDS if show is None else 0
    hidden = not (seen if show is None else show)
    return tqdm(total=total, disable=hidden, delay=delay, desc=what, unit=unit, leave=False)


class Writer:
    """Event files for TensorBoard.

    Parameters
    ----------
    writer_params : dict
        Keyword arguments of `torch.utils.tensorboard.SummaryWriter`; ``log_dir`` is the folder (default runs/<time>).
    truth : float, optional
        Drawn as a line.
    """

    def __init__(self, writer_params: dict, truth: float | None = None):
        try:
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.compat.proto.summary_pb2 import Summary
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ValueError(
                "writer_params asks for TensorBoard, which isn't installed: pip install tensorboard."
            ) from None
        if not isinstance(writer_params, dict):
            raise ValueError(
                f"writer_params = {writer_params!r}, wanted a dict for SummaryWriter, {{}} for its defaults."
            )
        self._event, self._summary = Event, Summary
        rest = dict(writer_params)
        self.folder = Path(rest.pop("log_dir", None) or Path("runs") / time.strftime("%Y%m%d-%H%M%S"))
        self.truth = truth if truth is not None and math.isfinite(truth) else None
        self._runs, self._waiting, self._last = {}, [], 0
        for run in ["train", "held_out"] + ["truth"] * (self.truth is not None):
            try:
                self._runs[run] = SummaryWriter(log_dir=str(self.folder / run), **rest)
            except TypeError:
                raise ValueError(
                    f"writer_params = {writer_params!r} has a key that SummaryWriter doesn't know."
                ) from None

    def epoch(self, step: int, loss: float, row: dict) -> None:
        """Write an epoch.

        Parameters
        ----------
        step : int
            Steps done so far.
        loss : float
            The mean over the epoch's steps.
        row : dict
            Estimates (nats), members averaged: "train", "held_out", and MI-NEE's divergences under "train xy", ….
        """
        for run in ("train", "held_out"):
            own = {name[len(run) :]: v for name, v in row.items() if name.startswith(run)}
            values = {"estimate" + term.replace(" ", "/"): float(np.mean(v)) for term, v in own.items()}
            if run == "train":
                values["loss"] = loss
            if values:
                self._add(run, values, step)
        if not self._last:
            self._truth(0)
        self._last = step

    def _truth(self, step: int) -> None:
        if self.truth is not None:
            self._add("truth", {"estimate": self.truth}, step)

    def _add(self, run: str, values: dict, step: int) -> None:
        """Keep an event until some have come together: handing them over one by one costs more than writing them."""
        self._waiting.append((run, values, step, time.time()))
        if self._waiting[-1][3] - self._waiting[0][3] > SECONDS:
            self._hand_over()

    def _hand_over(self) -> None:
        for run, values, step, when in self._waiting:
            entries = [self._summary.Value(tag=tag, simple_value=v) for tag, v in values.items()]
            event = self._event(wall_time=when, step=step, summary=self._summary(value=entries))
            self._runs[run]._get_file_writer().event_writer.add_event(event)
        self._waiting.clear()

    def flush(self) -> None:
        """Put everything on disk, and draw the truth as far as the curves go."""
        self._truth(self._last)
        self._hand_over()
        for run in self._runs.values():
            run.flush()

    def close(self) -> None:
        """Put everything on disk and close the files."""
        self._hand_over()
        for run in self._runs.values():
            run.close()
