"""Contour lines of a function on a grid, by marching squares: in Python and in JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grokmodels.theory.integrate import FloatArray
from grokmodels.theory.kernels import Script


def contours(
    values: FloatArray, x: Sequence[float], y: Sequence[float], levels: Sequence[float]
) -> list[dict[str, Any]]:
    """Rows ``level``, ``order``, ``x``, ``y`` that a line mark joins: two ends of a piece, then a gap (None).

    ``values`` has shape (y, x); pieces are straight within a cell of the grid.
    """
    corners = np.stack([values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1]])
    rows: list[dict[str, Any]] = []
    for level in levels:
        above = corners >= level
        for j, i in np.argwhere(above.any(axis=0) & ~above.all(axis=0)).tolist():
            square = [(x[i], y[j]), (x[i + 1], y[j]), (x[i + 1], y[j + 1]), (x[i], y[j + 1])]
            heights = corners[:, j, i].tolist()
            ends = []
            for a in range(4):
                b = (a + 1) % 4
                if (heights[a] >= level) != (heights[b] >= level):
                    part = (level - heights[a]) / (heights[b] - heights[a])
                    ends.append([square[a][k] + part * (square[b][k] - square[a][k]) for k in (0, 1)])
            for n, (px, py) in enumerate(ends):
                rows.append({"level": level, "order": len(rows), "x": px, "y": py})
                if n % 2:
                    rows.append({"level": level, "order": len(rows), "x": None, "y": None})
    return rows


# values[j][i] belongs to y[j] and x[i].
CONTOURS = Script("""\
function contours(values, x, y, levels) {
  const rows = [];
  for (const level of levels) {
    for (let j = 0; j + 1 < y.length; j++) {
      for (let i = 0; i + 1 < x.length; i++) {
        const heights = [values[j][i], values[j][i + 1], values[j + 1][i + 1], values[j + 1][i]];
        const above = (heights[0] >= level) + (heights[1] >= level) + (heights[2] >= level) + (heights[3] >= level);
        if (above === 0 || above === 4) continue;
        const square = [[x[i], y[j]], [x[i + 1], y[j]], [x[i + 1], y[j + 1]], [x[i], y[j + 1]]];
        let ends = 0;
        for (let a = 0; a < 4; a++) {
          const b = (a + 1) % 4;
          if ((heights[a] >= level) === (heights[b] >= level)) continue;
          const part = (level - heights[a]) / (heights[b] - heights[a]);
          const [px, py] = [0, 1].map((k) => square[a][k] + part * (square[b][k] - square[a][k]));
          rows.push({ level, order: rows.length, x: px, y: py });
          if (ends++ % 2) rows.push({ level, order: rows.length, x: null, y: null });
        }
      }
    }
  }
  return rows;
}
""")
