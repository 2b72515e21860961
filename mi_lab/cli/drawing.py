"""What ``--plot`` draws."""

from typing import Any


def draw_estimate(frame: Any, x: list[str], y: list[str], result: Any) -> Any:
    """Draw the rows, and the curve of a training run beside them; return the figure."""
    import matplotlib.pyplot as plt
    import pandas as pd
    import seaborn

    from mi_lab import plots

    plots.use_style()
    trained = bool(result.history)
    figure, axes = plt.subplots(1, 1 + trained, figsize=(5.5 * (1 + trained), 4.2), squeeze=False)
    ax, (a, b) = axes[0, 0], (frame[x[0]], frame[y[0]])
    numeric = [pd.api.types.is_numeric_dtype(v) or "datetime" in str(v.dtype) for v in (a, b)]
    if all(numeric):
        ax.scatter(a, b, s=8, alpha=0.5, rasterized=len(a) > plots.MANY)
    elif any(numeric):
        label, number = (a, b) if numeric[1] else (b, a)
        seaborn.boxplot(x=label.astype(str), y=number, ax=ax, color=plots.C.sky)
        ax.tick_params(axis="x", rotation=45)
    else:
        seaborn.heatmap(pd.crosstab(b.astype(str), a.astype(str)), annot=True, fmt="d", ax=ax, cmap="cividis")
    more = ["" if len(names) == 1 else f" (and {len(names) - 1} more)" for names in (x, y)]
    if all(numeric) or not any(numeric):
        ax.set(xlabel=x[0] + more[0], ylabel=y[0] + more[1])
    error = "" if result.error is None else f" ± {result.error:.2g}"
    ax.set_title(f"{result.value:.3f}{error} {'' if result.units == 'ratio' else result.units} ({result.method})")
    if trained:
        result.plot(axes[0, 1])
    return figure


def draw_ranking(ranking: Any, most: int = 30) -> Any:
    """Draw the best columns as bars, with their errors; return the figure."""
    import matplotlib.pyplot as plt

    from mi_lab import plots

    plots.use_style()
    some = ranking.head(most)[::-1]
    figure, ax = plt.subplots(figsize=(6.4, 1.2 + 0.28 * len(some)))
    values = some["information"].replace(float("inf"), some["information"].replace(float("inf"), 0).max())
    errors = some.get("error")
    ax.barh([str(c) for c in some.index], values, xerr=errors, color=plots.C.blue)
    ax.set_axisbelow(True)
    under = f" given {', '.join(map(str, ranking.attrs['given']))}" if ranking.attrs["given"] else ""
    ax.set(xlabel=f"information about {ranking.attrs['target']}{under} ({ranking.attrs['units']})")
    ax.set_title({"relevance": "each for itself"}.get(ranking.attrs["how"], f"chosen by {ranking.attrs['how']}"))
    return figure


def draw_lags(lags: Any, x: str, y: str, units: str) -> Any:
    """Draw what the past of one series tells about the other, against the lag; return the figure."""
    import matplotlib.pyplot as plt

    from mi_lab import plots

    plots.use_style()
    figure, ax = plt.subplots()
    ax.axhline(0, color=plots.C.grey, linewidth=0.8)
    ax.errorbar(lags.index, lags["value"], yerr=lags.get("error"), fmt="o-", markersize=4, color=plots.C.blue)
    ax.set(xlabel=f"lag (rows by which {x} is earlier)", ylabel=units, title=f"I({x} earlier; {y})")
    return figure
