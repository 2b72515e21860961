"""What the peers' documentation shows, through ours."""

import importlib.util

from benchmarks.examples import SAME, examples


def test_every_documented_number_is_ours_or_farther_from_the_truth():
    rows = examples()
    shown = [r for r in rows if r["peer"] is not None]
    assert len(shown) >= 19
    assert {r["library"] for r in shown} == {"ennemi", "infomeasure", "scikit-learn"}
    for r in shown:
        same = abs(r["ours"] - r["peer"]) < SAME
        nearer = r["truth"] is not None and abs(r["ours"] - r["truth"]) < abs(r["peer"] - r["truth"])
        assert same or nearer, r
        assert r["verdict"] in ("the same", "nearer the truth")
    if importlib.util.find_spec("ennemi"):
        assert any("its law" in r["example"] for r in shown)
