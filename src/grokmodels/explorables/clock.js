// @ts-check

/** Two circuits under a decay schedule, and how far their clock has gone since the start.
 * @param {{schedule: string, loss: "logistic" | "exponential" | "squared", degree: number, ratio: number,
 *   weight_decay: number}} state
 * @param {{start: number[], times: number[], substeps: number, schedules: Record<string, number[][]>}} data */
function clock({ schedule, loss, degree, ratio, weight_decay }, { start, times, substeps, schedules }) {
  const flow = { logistic: logisticFlow, exponential: exponentialFlow, squared: squaredFlow }[loss];
  const lossOf = { logistic: logisticLoss, exponential: exponentialLoss, squared: squaredLoss }[loss];
  const along = schedules[schedule];
  const velocity = (/** @type {number} */ u, /** @type {number} */ v, /** @type {number} */ decay) =>
    flow(u, v, degree, 1, ratio, decay);
  const { t, seen } = followPieces(velocity, start, along, weight_decay, times, substeps);
  const began = clockReading(seen[0][0], seen[0][1], degree, ratio);
  const curves = seen.map(([u, v, decayTime], i) => ({
    t: t[i],
    decay_time: decayTime,
    u,
    v,
    loss: lossOf(margin(u, v, degree, 1, ratio)),
    reading: clockReading(u, v, degree, ratio) - began,
    lead: Math.log(ratio) + degree * Math.log(v / u),
  }));
  if (!curves.every((row) => Object.values(row).every(Number.isFinite))) {
    throw new RangeError(
      "Undefined here: the amplitudes leave the range of numbers, or are on the line between the basins, " +
        "where the clock has no reading.",
    );
  }
  const power = [...String(2 - degree)].map((digit) => "⁻·⁰¹²³⁴⁵⁶⁷⁸⁹"["-.0123456789".indexOf(digit)]).join("");
  const speed = clockSpeed(degree, ratio);
  const half = crossing(curves, "lead", 0, ["t", "decay_time"]);
  const end = curves[curves.length - 1];
  return {
    curves,
    decays: along.flatMap(([begin, end, first, last], piece) => [
      { piece, t: begin, decay: weight_decay * first },
      { piece, t: end, decay: weight_decay * last },
    ]),
    half: half ? [half] : [],
    law: [0, end.decay_time].map((decay_time) => ({ decay_time, reading: speed * decay_time })),
    readout: {
      speed,
      at: half?.t ?? null,
      spent: half?.decay_time ?? null,
      formula: { 1: "ln |v − ρ u|", 2: "ln v − ρ ln u" }[degree] ?? `ln |v${power} − ρ u${power}|`,
    },
  };
}
