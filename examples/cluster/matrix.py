"""All pairs of columns on a cluster: ``python examples/cluster/matrix.py tcp://host:8786``.

Stop it, or kill a worker, or the scheduler: the same command goes on where it was.
"""

import sys

import joblib
import numpy as np
from distributed import Client

from mi_lab import pairwise


def main(address: str, columns: int = 100, rows: int = 2000) -> None:
    """Make a table, estimate all its pairs on the workers, and print the strongest."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(rows, columns)) + rng.normal(size=(rows, 1)) * rng.random(columns)
    client = Client(address, timeout=5)
    with joblib.parallel_config(backend="dask", client=client, wait_for_workers_timeout=60):
        pairs = pairwise(table, resume="matrix.jsonl", progress=True)
    client.close()
    print(pairs.top(5))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
