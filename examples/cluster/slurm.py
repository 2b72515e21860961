"""The same by Slurm: dask-jobqueue asks for jobs, each of which is some workers; not run where this book was made.

``pip install dask-jobqueue==0.9.0``, put in your partition and account, start this on the login node.
"""

import joblib
import numpy as np
from dask_jobqueue import SLURMCluster
from distributed import Client

from mi_lab import pairwise

cluster = SLURMCluster(
    queue="normal",
    account="mine",
    cores=16,  # of one job
    processes=16,  # so that each has a core for itself
    memory="32GB",
    walltime="02:00:00",
    job_script_prologue=["export OMP_NUM_THREADS=1"],
)
cluster.scale(jobs=8)  # 128 workers, as the queue lets them in

table = np.random.default_rng(0).normal(size=(10_000, 1000))
with joblib.parallel_config(backend="dask", client=Client(cluster), wait_for_workers_timeout=3600):
    pairs = pairwise(table, resume="matrix.jsonl")
print(pairs.top())
