"""The explorer of chapter 5: a small critic that trains in the page, and what its two values do meanwhile."""

import copy

import numpy as np
import traitlets

from mi_lab.laws import BivariateGaussian
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

HOT, COLD = [0.25, 0.75, 1.25, 1.75, 2.25], [0.5, 1.5, 3.0]  # nats from which on a colour stands for the log-ratio
RATE, MOST, WIDTH = 5e-3, 200, 16


class TrainingExplorer(Explorer):
    """Train a critic of a few hundred weights, step by step, and see the training value pass the truth.

    The critic is `Net` with two hidden layers of 16 units, in double precision; every step is one of Adam on the
    Donsker–Varadhan score of all training samples.  The browser computes each step when it is asked for; here PyTorch
    computes the same with `Net`, `donsker_varadhan` and its own Adam, and the tests compare both.

    Parameters
    ----------
    rho : float
        Correlation of the bivariate Gaussian, -1 < rho < 1.
    n : int
        Training samples of the joint law, and of the reference: 20 to 200.
    held_out : int
        Samples of either that training never sees: 20 to 1000.
    seed : int
        Of the samples and of the first weights.

    Attributes
    ----------
    step : int
        The slider's value (synced with the notebook), 0 to 200.
    train, held : float
        Value on the training samples and on those held out, in nats, at the present step.

    Raises
    ------
    ValueError
        For a useless n or held_out, or a step out of range.
    """

    kind = "training"
    title = "A critic that trains: its value on training samples and on held-out samples"
    control, label, shown = "step", "Steps of training", "{step:d}"
    spoken = "{step:d} {noun}, training value {train:.3f} nats, held-out value {held:.3f} nats"
    play = {"run": "Train", "pause": "Pause", "step": "One step", "again": "Start again"}
    play |= {"calm": "Train 20 steps", "leap": 20}

    step = traitlets.Int().tag(sync=True)

    def __init__(self, rho: float = 0.879, *, n: int = 100, held_out: int = 500, seed: int = 0):
        from mi_lab.critics import Net

        for name, value, low, high in (("n", n, 20, 200), ("held_out", held_out, 20, 1000)):
            if not (isinstance(value, (int, np.integer)) and low <= value <= high):
                raise ValueError(f"{name} is {value!r}, wanted a whole number of samples from {low} to {high}.")
        law, rng = BivariateGaussian(rho), np.random.default_rng(seed)
        self._law, self._truth = law, law.mutual_information
        draws = [law.sample(n, rng), law.sample_product(n, rng), law.sample(held_out, rng)]
        draws.append(law.sample_product(held_out, rng))
        names = ("joint", "reference", "held_joint", "held_reference")
        points = [np.hstack([x.numpy(), y.numpy()]).astype(float).round(3) for x, y in draws]
        self._samples = dict(zip(names, points, strict=True))
        self._net = Net(2, WIDTH, 2, std=None, seed=seed).double()
        self._mesh = np.linspace(-2.875, 2.875, 24).round(4)
        self._begin()
        oracle = [self._value(*(self._log_ratio(self._samples[k]) for k in pair)) for pair in (names[:2], names[2:])]
        self._oracle = oracle
        self.sentence = (
            f"After {{step:d}} {{noun|plain}} the critic scores {{train:.3f|b}} nats on its {n} training samples, "
            f"{{side|plain}} the truth, {self._truth:.3f}, and {{held:.3f|a}} on {held_out} samples it has never seen. "
            f"The true log-ratio scores {oracle[0]:.3f} and {oracle[1]:.3f} on the same samples. "
            "Best held-out value so far: {best_held:.3f}, at step {best:d}."
        )
        parameters = sum(p.numel() for p in self._net.parameters())
        self.description = (
            "Left: value of the critic against steps, on its training samples (orange) and on held-out samples (blue); "
            "dashed is the truth, dotted what the true log-ratio scores on either set. Right: the critic, its "
            "constant removed: blue where it finds a pair likelier in the joint law than in the reference, orange "
            "where less likely, with the joint samples (dark) and the reference samples (grey) it trains on. "
            f"{parameters} weights, trained in your browser."
        )
        data = {**self._samples, "weights": self._flat(), "width": WIDTH, "rate": RATE, "truth": self._truth}
        data |= {"mesh": self._mesh, "hot": HOT, "cold": COLD}
        super().__init__(list(range(MOST + 1)), 0, data, printed=[0, 30, 60, 120])

    @traitlets.validate("step")
    def _valid(self, proposal):
        if not 0 <= proposal.value <= MOST:
            raise ValueError(f"step is {proposal.value!r}, wanted a whole number from 0 to {MOST}.")
        return proposal.value

    def _log_ratio(self, z: np.ndarray):
        return self._law.log_ratio(z[:, :1], z[:, 1:]).double()

    @staticmethod
    def _value(t, t_ref) -> float:
        from mi_lab.objectives.formulas import donsker_varadhan

        return float(donsker_varadhan(t, t_ref))

    def _flat(self) -> np.ndarray:
        return np.concatenate([p.detach().numpy().ravel() for p in self._net.parameters()])

    def _begin(self) -> None:
        import torch

        self._tensors = {name: torch.from_numpy(z) for name, z in self._samples.items()}
        self._adam = torch.optim.Adam(self._net.parameters(), lr=RATE)
        self._nets, self._train, self._held = [], [], []

    def _advance(self, target: int) -> None:
        """Train until the critic before step ``target`` is known, and its values."""
        import torch

        from mi_lab.objectives.formulas import donsker_varadhan

        net, z = self._net, self._tensors
        while len(self._train) <= target:
            self._nets.append(copy.deepcopy(net))
            score = donsker_varadhan(net(z["joint"]), net(z["reference"]))
            with torch.no_grad():
                self._held.append(self._value(net(z["held_joint"]), net(z["held_reference"])))
            self._train.append(score.item())
            self._adam.zero_grad()
            (-score).backward()
            self._adam.step()

    @property
    def train(self) -> float:
        """The value on the training samples, in nats."""
        return self.numbers["train"]

    @property
    def held(self) -> float:
        """The value on the held-out samples, in nats."""
        return self.numbers["held"]

    def compute(self, step: int) -> dict:
        """Return both curves up to a step and the critic there; see `Explorer.compute`."""
        import torch

        self._advance(step)
        net = self._nets[step]
        x, y = (v.ravel() for v in np.meshgrid(self._mesh, self._mesh, indexing="ij"))
        with torch.no_grad():
            t_ref = net(self._tensors["reference"])
            constant = torch.logsumexp(t_ref, 0) - np.log(len(t_ref))
            ratio = (net(torch.from_numpy(np.stack([x, y], 1))) - constant).numpy()
        half = (self._mesh[1] - self._mesh[0]) / 2
        state: dict = {}
        for name, edges, sign in (("hot", HOT, ratio > 0), ("cold", COLD, ratio <= 0)):
            level = np.where(sign, (np.abs(ratio)[:, None] >= np.array(edges)).sum(1), 0)
            for i in range(1, len(edges) + 1):
                at = level == i
                sides = (x[at] - half, x[at] + half, y[at] - half, y[at] + half)
                state |= {f"{name}{i}_{end}": v for end, v in zip(("x0", "x1", "y0", "y1"), sides, strict=True)}
        train, held = self._train[: step + 1], self._held[: step + 1]
        best = int(np.argmax(held))
        return {
            **state,
            "step": step,
            "steps": list(range(step + 1)),
            "train_line": train,
            "held_line": held,
            "train": train[step],
            "held": held[step],
            "best": best,
            "best_held": held[best],
            "noun": "step" if step == 1 else "steps",
            "side": "above" if train[step] > self._truth else "below",
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Training value and held-out value against steps")
        plot = left.plot((40, 36, 288, 220), (-2, MOST + 2), (-1, 1.7))
        ends = [-2, MOST + 2]
        for value, role in zip(self._oracle, ("guide-b", "guide-a"), strict=True):
            plot.fixed("line", ends, [value, value], role=role)
        plot.fixed("line", ends, [self._truth, self._truth], role="truth")
        plot.moving("line", "steps", "held_line", role="a")
        plot.moving("line", "steps", "train_line", role="b")
        for value, role in (("held", "a"), ("train", "b")):
            plot.moving("dots", "step", value, role="halo")
            plot.moving("dots", "step", value, role=f"big-{role}")
        plot.note(MOST, self._truth, "truth", anchor="end", dy=-9)
        plot.axis("bottom", "steps")
        plot.axis("left", "value, nats")

        right = Panel(state, "The critic over the plane, with its training samples")
        plot = right.plot((40, 36, 220, 220), (-3, 3), (-3, 3))
        for name, edges in (("heat", HOT), ("cold", COLD)):
            key = {"heat": "hot", "cold": "cold"}[name]
            for i in range(1, len(edges) + 1):
                plot.moving("boxes", *(f"{key}{i}_{end}" for end in ("x0", "x1", "y0", "y1")), role=f"{name}{i}")
        plot.fixed("dots", *self._samples["reference"].T, role="data")
        plot.fixed("dots", *self._samples["joint"].T, role="ink")
        plot.axis("bottom", "x", ticks=[-2, 0, 2])
        plot.axis("left", "y", ticks=[-2, 0, 2])
        return [left, right]
