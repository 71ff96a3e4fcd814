"""Figures with Matplotlib: one style, one palette, and pure functions of data and axes.

A ``history`` has one row per evaluation, with a column ``step`` and, where it holds several runs, a column ``seed``.
Several runs are drawn as their median and the band between lowest and highest, and the axes say how many they are; a
run that stopped early counts with its last value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import PercentFormatter, StrMethodFormatter
from numpy.typing import NDArray

from grokmodels.palette import CYCLE, PALETTE

COLORS = {name: color.light for name, color in PALETTE.items()}

# Figures are as wide as the text, on a desk 1.4 times this width, on a phone two thirds of it: with one width for all,
# their words have one size, which is readable on both.
WIDTH = 5.6  # inches
STYLE: dict[str, Any] = {
    "figure.figsize": (WIDTH, 3.0),
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": COLORS["muted"],
    "axes.labelcolor": COLORS["ink"],
    "axes.titlecolor": COLORS["ink"],
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.labelsize": 11,
    "axes.linewidth": 0.8,
    # On a phone an exponent is too small to read.
    "axes.formatter.min_exponent": 5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(
        color=[COLORS[name] for name in ("train", "test", "memorizing", "generalizing", "ink", "muted")]
    ),
    "grid.color": COLORS["grid"],
    "grid.linewidth": 0.8,
    "text.color": COLORS["ink"],
    "font.size": 11,
    "xtick.color": COLORS["muted"],
    "ytick.color": COLORS["muted"],
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 2.2,
    # The same figure is the same file, whenever and wherever it is drawn.
    "svg.hashsalt": "grokmodels",
}


def use_style() -> None:
    """Take the book's style from here on; in a notebook, also draw figures as SVG."""
    from IPython.core.getipython import get_ipython

    plt.style.use(STYLE)
    if get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        # Not cropped to its ink: every figure keeps the one width.
        set_matplotlib_formats("svg", metadata={"Date": None}, bbox_inches=None)


def learning_curves(ax: Axes, history: pd.DataFrame, chance: float | None = None) -> None:
    """Training and test accuracy against steps; ``chance`` draws a dashed line at the accuracy of guessing."""
    curve(ax, history, "train_accuracy", COLORS["train"], label="training")
    curve(ax, history, "test_accuracy", COLORS["test"], label="test")
    if chance is not None:
        ax.axhline(chance, color=COLORS["muted"], linewidth=1, linestyle="--", label="chance")
    ax.set(ylabel="accuracy", ylim=(-0.03, 1.03))
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    _legend(ax)


def losses(ax: Axes, history: pd.DataFrame) -> None:
    """Training and test loss against steps, on a logarithmic axis: in nats, as of a cross-entropy."""
    curve(ax, history, "train_loss", COLORS["train"], label="training")
    curve(ax, history, "test_loss", COLORS["test"], label="test")
    ax.set(ylabel="loss (nats)", yscale="log")
    _legend(ax)


def weight_norm(ax: Axes, history: pd.DataFrame) -> None:
    """Euclidean norm of all weights against steps."""
    curve(ax, history, "weight_norm", COLORS["ink"])
    ax.set(ylabel="weight norm")


def rule_share(ax: Axes, history: pd.DataFrame, floor: float | None = None) -> None:
    """Rule share of the test logits against steps, on a logarithmic axis; ``floor`` draws what pure noise has."""
    curve(ax, history, "rule_share", COLORS["generalizing"])
    if floor is not None:
        ax.axhline(floor, color=COLORS["muted"], linewidth=1, linestyle="--", label="noise")
        _legend(ax)
    ax.set(ylabel="rule share", yscale="log")


def curve(ax: Axes, history: pd.DataFrame, column: str, color: str, label: str | None = None) -> None:
    """One column against steps: a line for one run; median, band from lowest to highest and n for several."""
    if "seed" in history and history["seed"].nunique() > 1:
        runs = history.pivot(index="step", columns="seed", values=column).ffill()
        ax.fill_between(runs.index, runs.min(axis=1), runs.max(axis=1), color=color, alpha=0.18, linewidth=0)
        ax.plot(runs.index, runs.median(axis=1), color=color, label=label)
        ax.set_xlabel(f"training step (median and range, n = {runs.shape[1]} seeds)")
    else:
        ax.plot(history["step"], history[column], color=color, label=label)
        ax.set_xlabel("training step")
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def delay_bars(ax: Axes, milestones: pd.DataFrame, labels: Sequence[str]) -> None:
    """From memorization to generalization, one bar per run, top to bottom.

    ``milestones``: columns ``t_mem``, ``t_gen`` and ``t_gen_censored`` in steps, one row per run, named by ``labels``.
    A bar ends in a dot where the run generalized and in an arrow where it had not when the record ended.
    """
    if len(labels) != len(milestones):
        raise ValueError(f"labels: got {len(labels)} for {len(milestones)} runs")
    rows = np.arange(len(milestones))
    start, end = milestones["t_mem"].to_numpy(float), milestones["t_gen"].to_numpy(float)
    censored = milestones["t_gen_censored"].to_numpy(bool)
    ax.hlines(rows, start, end, color=COLORS["muted"], linewidth=2)
    marks = [
        (start, np.full(len(rows), True), "o", "memorizing", "memorized"),
        (end, ~censored, "o", "generalizing", "generalized"),
        (end, censored, ">", "muted", "not within budget"),
    ]
    for steps, which, marker, color, label in marks:
        if which.any():
            ax.plot(steps[which], rows[which], marker, markersize=8, color=COLORS[color], label=label)
    ax.set(xscale="log", xlabel="training step (log scale)", yticks=rows, yticklabels=labels)
    ax.margins(x=0.08, y=0.25 / len(rows))
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    _legend(ax)


def embedding_circle(ax: Axes, points: NDArray[Any], order: NDArray[Any], labels: int = 12) -> None:
    """Tokens in a plane, ``points`` (p, 2), joined and colored in the order k·a mod p; ``labels`` of them numbered."""
    p = len(points)
    path = points[np.argsort(order)]
    ax.plot(*np.vstack([path, path[:1]]).T, color=COLORS["muted"], linewidth=0.7, alpha=0.5)
    hues = LinearSegmentedColormap.from_list("cycle", CYCLE)
    ax.scatter(points[:, 0], points[:, 1], c=order, cmap=hues, vmin=0, vmax=p, s=28, zorder=2)
    marked = {round(i * p / labels) for i in range(labels)}
    for token in np.flatnonzero([int(place) in marked for place in order]):
        x, y = 1.13 * points[token]
        ax.text(x, y, str(token), ha="center", va="center", fontsize=11)
    ax.set_aspect("equal")
    ax.margins(0.15)
    ax.set_axis_off()


def amplitudes(ax: Axes, trajectory: pd.DataFrame, time: str = "t") -> None:
    """The toy's two amplitudes u and v against a time column (``t`` or ``decay_time``), on a logarithmic axis."""
    names = {"t": "time t", "decay_time": "accumulated decay Λ"}
    if time not in names:
        raise ValueError(f"time: got {time!r}; must be one of {list(names)}")
    ax.plot(trajectory[time], trajectory["u"], color=COLORS["memorizing"], label="memorizing circuit u")
    ax.plot(trajectory[time], trajectory["v"], color=COLORS["generalizing"], label="generalizing circuit v")
    ax.set(xlabel=names[time], ylabel="amplitude", yscale="log")
    _legend(ax)


def stacked_words(ax: Axes, columns: Mapping[str, tuple[str, Sequence[str]]]) -> None:
    """Short words in boxes, stacked from below: a column for each title, of a color of the palette, and its count."""
    for place, (title, (color, words)) in enumerate(columns.items()):
        for height, word in enumerate(reversed(words)):
            ax.bar(place, 0.86, 0.96, bottom=height, color=COLORS[color], alpha=0.16, linewidth=0)
            ax.text(place - 0.45, height + 0.43, word, va="center", fontsize=9)
        ax.text(
            place - 0.48, len(words) + 0.1, f"{title}: {len(words)}", color=COLORS[color], weight="bold", fontsize=9
        )
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_ylim(0, max(len(words) for _, words in columns.values()) + 1)
    ax.set_axis_off()


def _legend(ax: Axes) -> None:
    """Above the axes, where it hides no data."""
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, columnspacing=1, handlelength=1.2, borderaxespad=0.2)
