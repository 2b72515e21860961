"""Logs: what a training run writes for TensorBoard, and its progress bar.

Three runs share a folder, ``train``, ``held_out`` and ``truth``, and the tag ``estimate``, so that TensorBoard draws
the curves and the truth as lines of one chart.
"""

import math
import time
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm


def progress(total: int, show: bool, what: str):
    """Return a progress bar of `total` epochs, silent unless `show`."""
    return tqdm(total=total, disable=not show, desc=what, unit="epoch", leave=False)


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
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ValueError(
                "writer_params asks for TensorBoard, which isn't installed: pip install tensorboard."
            ) from None
        if not isinstance(writer_params, dict):
            raise ValueError(
                f"writer_params = {writer_params!r}, wanted a dict for SummaryWriter, {{}} for its defaults."
            )
        rest = dict(writer_params)
        self.folder = Path(rest.pop("log_dir", None) or Path("runs") / time.strftime("%Y%m%d-%H%M%S"))
        self.truth = truth if truth is not None and math.isfinite(truth) else None
        self._runs = {}
        for run in ["train", "held_out"] + ["truth"] * (self.truth is not None):
            try:
                self._runs[run] = SummaryWriter(log_dir=str(self.folder / run), **rest)
            except TypeError:
                raise ValueError(
                    f"writer_params = {writer_params!r} has a key that SummaryWriter doesn't know."
                ) from None

    def epoch(self, step: int, losses: np.ndarray, row: dict) -> None:
        """Write an epoch: the loss of each of its steps, and the estimates (nats) that `row` holds, members averaged.

        Parameters
        ----------
        step : int
            Steps done so far.
        losses : (steps of this epoch,)
        row : dict
            "train", "held_out" and, for MI-NEE, the divergences under "train …" and "held_out …".
        """
        first = step - len(losses) + 1
        every = max(1, math.ceil(len(losses) / 4))  # a few points an epoch: each costs as much as a tenth of a step
        for i in range(len(losses) - 1, -1, -every):
            self._add("train", {"loss": losses[i]}, first + i)
        for run in ("train", "held_out"):
            values = {
                "estimate" + name[len(run) :].replace(" ", "/"): v for name, v in row.items() if name.startswith(run)
            }
            if values:
                self._add(run, values, step)
        if self.truth is not None:
            self._add("truth", {"estimate": self.truth}, step)

    def _add(self, run: str, values: dict, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        entries = [Summary.Value(tag=tag, simple_value=float(np.mean(v))) for tag, v in values.items()]
        event = Event(wall_time=time.time(), step=step, summary=Summary(value=entries))
        self._runs[run]._get_file_writer().event_writer.add_event(event)

    def flush(self) -> None:
        """Put everything on disk."""
        for run in self._runs.values():
            run.flush()

    def close(self) -> None:
        """Put everything on disk and close the files."""
        for run in self._runs.values():
            run.close()
