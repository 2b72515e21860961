"""The selector is a citizen of scikit-learn: its checks, pipelines, names, clones, grids."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from mi_lab import MutualInfoSelector, rank


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks_pass():
    told = check_estimator(MutualInfoSelector(), on_fail=None)
    assert len(told) > 40
    assert [(t["check_name"], t["exception"]) for t in told if t["status"] not in ("passed", "skipped")] == []


def noisy_wine():
    x, y = load_wine(return_X_y=True, as_frame=True)
    r = np.random.default_rng(0)
    return x.assign(**{f"noise {j}": r.standard_normal(len(x)) for j in range(5)}), y


def test_it_ranks_as_rank_does_and_keeps_names():
    x, y = noisy_wine()
    selector = MutualInfoSelector(6).fit(x, y)
    expected = rank(x.assign(target=y), "target", kinds={"target": "label"}, n_jobs=1)
    assert [x.columns[j] for j in selector.ranking_] == list(expected.index)
    assert selector.scores_[selector.ranking_] == pytest.approx(expected["information"].to_numpy())
    kept = selector.get_feature_names_out()
    assert set(kept) == set(expected.index[:6])
    assert not any(name.startswith("noise") for name in kept)
    out = selector.set_output(transform="pandas").transform(x)
    assert list(out) == list(kept)
    pd.testing.assert_frame_equal(out, x[list(kept)])


def test_in_a_pipeline_a_grid_and_cloned():
    x, y = load_iris(return_X_y=True)
    grid = GridSearchCV(
        make_pipeline(StandardScaler(), MutualInfoSelector(1, how="cmim"), LogisticRegression()),
        {"mutualinfoselector__k": [1, 2]}, cv=3)  # fmt: skip
    assert grid.fit(x, y).best_score_ > 0.9
    one = MutualInfoSelector(3, how="jmi", level=0.1, random_state=4)
    assert clone(one).get_params() == one.get_params()


def test_a_level_keeps_what_is_more_than_chance():
    x, y = noisy_wine()
    few = x[["flavanoids", "proline", *[f"noise {j}" for j in range(5)]]]
    selector = MutualInfoSelector("all", level=0.05, permutations=99, random_state=0).fit(few, y)
    assert {"flavanoids", "proline"} <= set(selector.get_feature_names_out())
    assert selector.support_.sum() <= 4  # two that tell, and chance by a false discovery or two at most
    assert selector.pvalues_.shape == (7,)


def test_words_are_labels():
    r = np.random.default_rng(0)
    town = r.choice(["Bern", "Basel", "Chur"], 300)
    frame = pd.DataFrame({"town": town, "noise": r.standard_normal(300)})
    y = np.where(town == "Bern", "yes", "no")
    assert MutualInfoSelector(1).fit(frame, y).get_feature_names_out().tolist() == ["town"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"k": 0}, "k = 0, wanted"),
        ({"k": "most"}, "k = 'most', wanted"),
        ({"how": "best"}, "how = 'best', wanted one of"),
        ({"level": 2}, "level = 2, wanted"),
        ({"target": "colour"}, "target = 'colour', wanted"),
        ({"discrete_features": [True]}, "discrete_features has 1 entries, wanted 4"),
        ({"n_neighbors": 0}, "k = 0, wanted"),
    ],
)
def test_bad_options(options, said):
    with pytest.raises(ValueError, match=said):
        MutualInfoSelector(**options).fit(*load_iris(return_X_y=True))
