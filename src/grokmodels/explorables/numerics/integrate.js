// @ts-check

/** The classical fourth-order scheme, `substeps` steps between two times; `theory/integrate.py` takes the same.
 * @param {(x: number[]) => number[]} velocity @param {number[]} start @param {number[]} times  from that of the start
 * @param {number} substeps @returns {number[][]} one state a time */
function rungeKutta(velocity, start, times, substeps) {
  const shifted = (/** @type {number[]} */ x, /** @type {number} */ h, /** @type {number[]} */ k) =>
    x.map((value, i) => value + h * k[i]);
  let x = start;
  const seen = [x];
  for (let n = 1; n < times.length; n++) {
    const h = (times[n] - times[n - 1]) / substeps;
    for (let j = 0; j < substeps; j++) {
      const k1 = velocity(x);
      const k2 = velocity(shifted(x, h / 2, k1));
      const k3 = velocity(shifted(x, h / 2, k2));
      const k4 = velocity(shifted(x, h, k3));
      x = x.map((value, i) => value + (h / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]));
    }
    seen.push(x);
  }
  return seen;
}

/** Two circuits along a decay that is straight between corners: `decay` times the pieces.
 * @param {(u: number, v: number, decay: number) => number[]} flow @param {number[]} start  u and v
 * @param {number[][]} pieces  begin, end, first and last factor @param {number} decay
 * @param {number[]} times  seen beside the corners @param {number} substeps
 * @returns {{t: number[], seen: number[][]}} times, and u, v and the accumulated decay there */
function followPieces(flow, start, pieces, decay, times, substeps) {
  const seen = [[...start, 0]];
  const t = [0];
  for (const [begin, end, first, last] of pieces) {
    const slope = (decay * (last - first)) / (end - begin);
    const velocity = (/** @type {number[]} */ [u, v, , now]) => [...flow(u, v, now), now, slope];
    const inside = [begin, ...times.filter((time) => time > begin && time < end), end];
    const run = rungeKutta(velocity, [...seen[seen.length - 1], decay * first], inside, substeps);
    seen.push(...run.slice(1).map(([u, v, decayTime]) => [u, v, decayTime]));
    t.push(...inside.slice(1));
  }
  return { t, seen };
}

/** Where a column of rows first reaches a level after the first row, on the straight line between two rows.
 * @template {Record<string, any>} R @param {R[]} rows @param {string} column @param {number} level
 * @param {string[]} wanted  columns @returns {Record<string, number> | undefined} their values there */
function crossing(rows, column, level, wanted) {
  const after = rows.findIndex((row) => row[column] >= level);
  if (after <= 0) return undefined;
  const [a, b] = [rows[after - 1], rows[after]];
  const part = (level - a[column]) / (b[column] - a[column]);
  return Object.fromEntries(wanted.map((name) => [name, a[name] + part * (b[name] - a[name])]));
}
