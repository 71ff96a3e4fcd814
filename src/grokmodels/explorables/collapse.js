// @ts-check

/** Curves of several moduli, rescaled, and how far they are from one another, as `statistics/collapse.py` measures it.
 * @param {{stretch: number, critical: number, fall: number}} state
 * @param {{reference: number, recorded: Record<"p" | "fraction" | "mean" | "error", number[]>}} data  in the order of p
 *   and fraction */
function collapse({ stretch, critical, fall }, { reference, recorded }) {
  const points = recorded.p.map((p, i) => ({
    p,
    fraction: recorded.fraction[i],
    across: Math.log((recorded.fraction[i] / critical) * (p / reference) ** fall) * (p / reference) ** (2 * stretch),
    mean: recorded.mean[i],
    error: recorded.error[i],
  }));
  const curves = [...new Set(recorded.p)].map((p) => points.filter((point) => point.p === p));
  let [squares, met] = [0, 0];
  for (const { p, across, mean, error } of points) {
    const others = curves.flatMap((curve) => (curve[0].p === p ? [] : curveAt(curve, across)));
    if (!others.length) continue;
    const weight = others.reduce((sum, other) => sum + other.error ** -2, 0);
    const middle = others.reduce((sum, other) => sum + other.mean * other.error ** -2, 0) / weight;
    squares += (mean - middle) ** 2 / (error ** 2 + 1 / weight);
    met += 1;
  }
  const distance = met >= points.length / 2 ? squares / met : null;
  return {
    points,
    readout: {
      distance,
      met,
      measured: distance === null ? "too few for a distance" : `at a distance of ${distance.toFixed(2)} squared errors`,
    },
  };
}

/** Mean and error of a curve, straight between its points; nothing beyond its ends.
 * @param {{across: number, mean: number, error: number}[]} curve @param {number} across */
function curveAt(curve, across) {
  const after = curve.findIndex((point) => point.across >= across);
  if (after < 0 || across < curve[0].across) return [];
  const [a, b] = [curve[Math.max(after - 1, 0)], curve[after]];
  const part = a === b ? 0 : (across - a.across) / (b.across - a.across);
  return [{ mean: a.mean + part * (b.mean - a.mean), error: a.error + part * (b.error - a.error) }];
}
