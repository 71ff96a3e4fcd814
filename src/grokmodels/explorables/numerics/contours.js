// @ts-check

/** Contour lines of a smooth function over the square from 0 to `side`, traced along themselves: their points lie on the
 * level, and the closer together the more a line bends. A line runs from border to border, higher ground on its left,
 * or around an extremum inside.
 * @param {(x: number, y: number) => number} height @param {(x: number, y: number) => number[]} downhill  −∇ of it
 * @param {number} side @param {number[]} levels @param {number[]} [extremum]  inside the square, if there is one
 * @returns {{level: number, line: number, order: number, x: number, y: number}[]} */
function contours(height, downhill, side, levels, extremum) {
  const [samples, longest, shortest, sharpest] = [300, side / 24, side / 4000, 0.15];
  /** @typedef {number[]} Point */
  const inside = (/** @type {Point} */ [x, y]) => x >= 0 && x <= side && y >= 0 && y <= side;
  // Math.hypot is several times as slow.
  const size = (/** @type {number} */ dx, /** @type {number} */ dy) => Math.sqrt(dx * dx + dy * dy);

  /** Where between two points a level is crossed. @param {Point} from @param {Point} to @param {number} level */
  function crossed(from, to, level) {
    const rises = height(to[0], to[1]) > level;
    for (let i = 0; i < 32; i++) {
      const middle = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
      if (height(middle[0], middle[1]) > level === rises) to = middle;
      else from = middle;
    }
    return from;
  }

  /** The point on a level next to another one; not a number where there is none.
   * @param {Point} from @param {number} level */
  function settled([x, y], level) {
    for (let i = 0; i < 6; i++) {
      const excess = height(x, y) - level;
      if (Math.abs(excess) < 1e-10) return [x, y];
      const [dx, dy] = downhill(x, y);
      const part = excess / (dx * dx + dy * dy);
      [x, y] = [x + part * dx, y + part * dy];
    }
    return [NaN, NaN];
  }

  /** The direction of the line through a point. @param {Point} at */
  function heading([x, y]) {
    const [dx, dy] = downhill(x, y);
    return [-dy / size(dx, dy), dx / size(dx, dy)];
  }

  /** The angle between two directions. @param {Point} a @param {Point} b */
  const angle = ([ax, ay], [bx, by]) => Math.abs(Math.atan2(ax * by - ay * bx, ax * bx + ay * by));

  /** The line from a point to one of the ends. @param {number} level @param {Point} start @param {Point[]} ends */
  function traced(level, start, ends) {
    const line = [start];
    let [at, ahead, step] = [start, heading(start), longest / 4];
    while (line.length < 1000) {
      const end = ends.find((point) => {
        const way = [point[0] - at[0], point[1] - at[1]];
        return point !== at && size(way[0], way[1]) < 1.5 * step && angle(ahead, way) < sharpest;
      });
      const guess = [at[0] + step * ahead[0], at[1] + step * ahead[1]];
      const next = end ?? (inside(guess) ? settled(guess, level) : guess);
      const then = heading(next);
      const bend = angle(ahead, then);
      const fair = bend < sharpest && (end || size(next[0] - guess[0], next[1] - guess[1]) < step / 2);
      if (inside(next) && (fair || step <= shortest)) {
        line.push(next);
        if (end) break;
        [at, ahead] = [next, then];
        step = Math.min(longest, step * Math.min(2, (0.7 * sharpest) / bend));
      } else if (step > shortest) step /= 2;
      else break;
    }
    return line;
  }

  const border = Array.from({ length: 4 * samples }, (_, i) => {
    const part = (side * (i % samples)) / samples;
    const [x, y] = i % (2 * samples) < samples ? [part, 0] : [side, part];
    return i < 2 * samples ? [x, y] : [side - x, side - y];
  });
  const heights = border.map(([x, y]) => height(x, y));
  const lines = levels.flatMap((level) => {
    /** @type {Point[][]} where the border is crossed downward and upward */
    const [starts, ends] = [[], []];
    border.forEach((point, i) => {
      const before = i ? i - 1 : border.length - 1;
      const falls = heights[before] > level;
      if (falls !== heights[i] > level) (falls ? starts : ends).push(crossed(border[before], point, level));
    });
    const found = starts.map((start) => traced(level, start, ends));
    // A loop crosses the way from the corner to its middle; what leaves the square there is known already.
    if (extremum && height(0, 0) > level !== height(extremum[0], extremum[1]) > level) {
      const start = crossed([0, 0], extremum, level);
      const loop = traced(level, start, [start]);
      if (loop[loop.length - 1] === start) found.push(loop);
    }
    return found.map((points) => ({ level, points }));
  });
  return lines.flatMap(({ level, points }, line) => points.map(([x, y], order) => ({ level, line, order, x, y })));
}
