"""Real tables: columns of several kinds, missing values, conditions, significance, lags.

kinds      one column -> numbers or codes, its kind, what is missing
reading    x, y and a condition as people hand them in -> rows that go together
missing    rows with gaps: refused or left out, and pandas indices that differ
mixed      the estimate by kinds: counts for labels, neighbours for the rest
columns    a table made ready for all pairs; kernels: one pair, quickly; nulls: p-values by permutation
pairwise   all pairs of columns: a symmetric matrix
rank       which columns tell most about one of them
"""
