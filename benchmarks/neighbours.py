"""Find from how many columns on all distances in blocks are quicker than a k-d tree: ratios, side by side in one run.

    python -m benchmarks.neighbours            # some minutes; prints a table
    python -m benchmarks.neighbours --sizes 10000 --columns 100

"Cuts" is log2(n) over the number of columns: how often a tree can halve each of them.  `ksg` takes blocks below `CUTS`.
"""

import time

import click
import numpy as np

from mi_lab import ksg
from mi_lab.counting.neighbours import CUTS, crowded


def seconds(x, y, backend: str) -> float:
    """Return the processor time of one estimate, all threads together."""
    start = time.process_time()
    ksg(x, y, backend=backend)
    return time.process_time() - start


@click.command()
@click.option("--sizes", default="1000,2000,5000", show_default=True)
@click.option("--columns", default="4,6,10,16,20,40", show_default=True, help="Of x and y together.")
def main(sizes: str, columns: str) -> None:
    """Print tree over blocks, in processor time, for Gaussians with correlation .6 column by column."""
    rng = np.random.default_rng(0)
    print(f"blocks are taken below {CUTS} cuts\n     n columns  cuts  tree, s  blocks, s  tree / blocks  taken")
    for n in map(int, sizes.split(",")):
        for d in map(int, columns.split(",")):
            x = rng.standard_normal((n, d // 2))
            y = 0.6 * x + 0.8 * rng.standard_normal((n, d // 2))
            tree, blocks = (seconds(x, y, backend) for backend in ("tree", "brute"))
            taken = "blocks" if crowded(n, d) else "tree"
            print(
                f"{n:6} {d:7} {np.log2(n) / d:5.2f} {tree:8.2f} {blocks:10.2f} {tree / blocks:14.2f}  {taken}",
                flush=True,
            )


if __name__ == "__main__":
    main()
