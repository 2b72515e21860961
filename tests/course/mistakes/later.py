"""What a person read later, when hints had changed: these words take the place of those beside the mistakes."""

AVERAGE = "all that is missing is the average"

LATER: dict[str, dict[str, str | None]] = {
    "bounds-flo": {"the best u": "stays the same whatever u is"},
    "bounds-infonce": {
        "one column": "stays the same whatever the last column of scores is",
        "log base 2 of K": "a logarithm to base 2 of the number of rows",
        "only partners": "is left out beside the diagonal of scores",
    },
    "counting-second": {"not averaged": AVERAGE, "no psi(n)": "ψ of the number of rows of x is left out"},
    "critic-descend": {"the mean": "yours is their average"},
    "dv-tilt": {
        "logarithm lost": "is left out beside the product with rho",
    },
    "fdiv-conjugate": {"reciprocal": "one divided by what is asked for", "1 + t": "without t as a factor"},
    "gen-doe": {"training exchanged with held out": "(x, y) and (x_held, y_held) change places"},
    "gen-l1out": {"of each": AVERAGE},
    "gradients-entropy": {"one for each sample": AVERAGE, "score alone": "without moved as a factor of score"},
    "hybrid-cell": {"the cells themselves": "these are the cells, and right ones"},
    "hybrid-noise": {"times the root": "multiplies by n_ref", "all cells alike": "stays the same whatever p_x is"},
    "hybrid-value": {"of each sample": AVERAGE, "roles of the scores exchanged": "t and t_ref change places"},
    "mine-loss": {"clamped": "your answer is 0 for every input"},
    "mine-reach": {
        "x alone": "would have to be in it too",
        "product": "would have to be in it too",
        "log-ratio of another law": "grows less with xy",
        "squared distance": "grows less with xy",
        "for another rho": "it falls where x and y grow together",
    },
    "mine-resample": {"x and y exchanged": "have changed places"},
    "minee-overshoot": {"log of the joint": "the joint critic finds less than its whole divergence"},
}
