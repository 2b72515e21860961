"""Features chosen by mutual information, as a step of a scikit-learn pipeline."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

ROWS = 5  # rows a value of the target, on average, from which on whole numbers are classes


class MutualInfoSelector(SelectorMixin, BaseEstimator):
    """Keep the features that tell most about the target.

    Parameters
    ----------
    k : int or "all"
        How many features to keep; all if there are fewer.
    how : {"relevance", "mrmr", "jmi", "cmim"}
        Each for itself, or one after the other, with those chosen already in mind: see `mi_lab.rank`.
    level : float, optional
        Keep only features whose p-value, adjusted for their number (Benjamini and Hochberg), is at most this.
    target : {"auto", "label", "number"}
        What y is; "auto" takes words, booleans, and whole numbers with 5 rows a value for labels.
    discrete_features : "auto", bool or array of bool or int
        Which features are labels; "auto" looks (`mi_lab.tables.kinds.kinds_of`).
    n_neighbors : int
    permutations : int
        Shuffles behind the p-values, if there is a `level`.
    random_state : int, RandomState or None
        Of the shuffles.
    n_jobs : int, optional
        1 if left out, unless `joblib.parallel_config` says otherwise.

    Attributes
    ----------
    scores_ : ndarray (n_features,)
        I(X;Y) of every feature in nats.
    ranking_ : ndarray
        The features that were ranked, best first.
    pvalues_ : ndarray (n_features,)
        Adjusted; with a `level` only.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Examples
    --------
    >>> make_pipeline(MutualInfoSelector(5, how="cmim"), LogisticRegression()).fit(X, y)
    """

    def __init__(
        self,
        k=10,
        *,
        how="relevance",
        level=None,
        target="auto",
        discrete_features="auto",
        n_neighbors=3,
        permutations=999,
        random_state=None,
        n_jobs=None,
    ):
        self.k = k
        self.how = how
        self.level = level
        self.target = target
        self.discrete_features = discrete_features
        self.n_neighbors = n_neighbors
        self.permutations = permutations
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X, y):
        """Estimate what each feature tells about y, and choose.

        Parameters
        ----------
        X : array-like or DataFrame (n_samples, n_features)
        y : array-like (n_samples,)

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A bad option, missing or infinite values, or too few samples.
        """
        import pandas as pd

        from mi_lab.tables.rank import rank

        frame = X if isinstance(X, pd.DataFrame) else None
        X, y = validate_data(self, X, y, dtype=None, multi_output=True, ensure_min_samples=2, y_numeric=False)
        y = column_or_1d(y, warn=True)
        if not (self.k == "all" or (isinstance(self.k, Integral) and not isinstance(self.k, bool) and self.k >= 1)):
            raise ValueError(f"k = {self.k!r}, wanted a whole number of at least 1, or 'all'.")
        if self.level is not None and not 0 < self.level < 1:
            raise ValueError(f"level = {self.level!r}, wanted a number between 0 and 1, or None.")
        p = X.shape[1]
        # of a DataFrame the columns themselves, whose types say more than one array's
        columns = {j: (frame.iloc[:, j].array if frame is not None else X[:, j]) for j in range(p)}
        table = pd.DataFrame(columns | {p: y})
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        most = p if self.k == "all" else min(self.k, p)
        found = rank(
            table,
            p,
            how=self.how,
            number=p if self.how == "relevance" else most,
            kinds=self._kinds(y, p),
            k=min(self.n_neighbors, len(y) - 1),
            permutations=self.permutations if self.level is not None else 0,
            seed=seed,
            n_jobs=self.n_jobs,
            progress=False,
        )
        self.ranking_ = found.index.to_numpy()
        self.scores_ = np.array([found.attrs["scores"][j] for j in range(p)])
        kept = self.ranking_[:most]
        if self.level is not None:
            from scipy.stats import false_discovery_control

            chance = np.nan_to_num([found.attrs["p"][j] for j in range(p)], nan=1.0)
            self.pvalues_ = false_discovery_control(chance)
            kept = [j for j in kept if self.pvalues_[j] <= self.level]
        self.support_ = np.isin(np.arange(p), kept)
        return self

    def _kinds(self, y, p: int) -> dict:
        chosen = {}
        if self.target not in ("auto", "label", "number"):
            raise ValueError(f"target = {self.target!r}, wanted 'auto', 'label' or 'number'.")
        if self.target != "auto":
            chosen[p] = self.target
        elif np.asarray(y).dtype.kind not in "fiu":
            check_classification_targets(y)
            chosen[p] = "label"
        else:
            classes = len(np.unique(y)) * ROWS <= len(y) and bool((np.asarray(y, float) == np.rint(y)).all())
            chosen[p] = "label" if classes else "number"
        if not (isinstance(self.discrete_features, str) and self.discrete_features == "auto"):
            mask = np.asarray(self.discrete_features)
            if mask.dtype == bool:
                which = np.broadcast_to(mask, p) if mask.ndim == 0 else mask
                if len(which) != p:
                    raise ValueError(f"discrete_features has {len(which)} entries, wanted {p}.")
            else:
                which = np.isin(np.arange(p), mask)
            chosen |= {j: "label" if label else "number" for j, label in enumerate(which)}
        return chosen

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.string = tags.input_tags.categorical = True  # labels in words
        tags.input_tags.allow_nan = False
        tags.input_tags.sparse = False
        return tags
