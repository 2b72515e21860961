"""Measure the memory that training on a million samples of 20 + 20 dimensions takes, in multiples of the data's own.

    python -m benchmarks.memory

The peak of the process above what it held before the data were made, in a process of its own (Linux: VmHWM).
"""

import json
import subprocess
import sys

from benchmarks.harness import report

PROGRAM = """
import json, re, sys
import numpy as np
from mi_lab import MINETrainer, Net
n, d = int(sys.argv[1]), 20
def field(name):
    return int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
small = np.random.default_rng(0).standard_normal((2000, d), dtype=np.float32)
MINETrainer(small, small, Net(2 * d), 2).step(1)  # what torch itself takes, once
before = field("VmRSS")
rng = np.random.default_rng(0)
x = rng.standard_normal((n, d), dtype=np.float32)
y = rng.standard_normal((n, d), dtype=np.float32)
y += x
trainer = MINETrainer(x, y, Net(2 * d), n_iters_per_epoch=n // 2000)
value = trainer.step(1)
print(json.dumps({"data": x.nbytes + y.nbytes, "peak": field("VmHWM") - before, "value": value}))
"""


def measure(n: int) -> dict:
    """Return bytes of the data and of the peak, measured in a fresh process."""
    out = subprocess.run([sys.executable, "-c", PROGRAM, str(n)], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def main() -> None:
    seen = measure(1_000_000)
    ratio = seen["peak"] / seen["data"]
    report(what="a million samples of 20 + 20 columns", unit="bytes", **seen, ratio=ratio, wanted=3)


if __name__ == "__main__":
    main()
