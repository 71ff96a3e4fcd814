// @ts-check

/** The toy under the reader's schedule, and the recorded schedule whose accumulated decay is nearest.
 * @param {DecayShape} state
 * @param {{toy: {ratio: number, rate: number, decay: number, start: number[], cap: number}, steps: number[],
 *   substeps: number, plans: Record<string, any[]>}} data  `plans` has a row for each recorded schedule
 * @typedef {{strength: number, start: number, ramp: number, pause: number, length: number}} DecayShape */
function schedules(state, { toy, steps, substeps, plans }) {
  const horizon = steps[steps.length - 1];
  const along = shaped(state, horizon);
  // The toy's time per step.
  const pace = toy.rate / toy.decay;
  const velocity = (/** @type {number} */ u, /** @type {number} */ v, /** @type {number} */ decay) =>
    logisticFlow(u, v, 2, 1, toy.ratio, decay / pace).map((x) => pace * x);
  const { t, seen } = followPieces(velocity, toy.start, along, toy.rate * state.strength, steps, substeps);
  const curves = seen.map(([u, v, decay_time], i) => {
    const lead = Math.log(toy.ratio) + 2 * Math.log(v / u);
    return { step: t[i], decay_time, lead, share: 1 / (1 + Math.exp(-lead)) };
  });
  const half = crossing(curves, "lead", 0, ["step", "decay_time"]);
  // All corners are among the steps, so that there is one row a step.
  const distances = plans.decay_time.map((/** @type {number[]} */ theirs) =>
    curves.reduce((sum, row, i) => sum + (Math.min(row.decay_time, toy.cap) - Math.min(theirs[i], toy.cap)) ** 2, 0),
  );
  const best = distances.indexOf(Math.min(...distances));
  const [nearest, seeds] = [plans.schedule[best], plans.seeds[best]];
  return {
    curves,
    half: half ? [half] : [],
    decays: along.flatMap(([begin, end, first, last], piece) => [
      { piece, step: begin, decay: state.strength * first },
      { piece, step: end, decay: state.strength * last },
    ]),
    nearest: [{ schedule: nearest, name: `nearest: ${nearest}, ${seeds} seeds` }],
    readout: {
      at: half?.step ?? null,
      spent: half?.decay_time ?? null,
      recorded_at: plans.t_gen[best],
      recorded_spent: plans.clock[best],
      turns: half
        ? `turns at step ${half.step.toFixed(0)}, at Λ = ${half.decay_time.toFixed(2)}`
        : `does not turn within ${horizon} steps`,
      nearest,
      seeds,
    },
  };
}

/** Straight pieces (begin, end, first factor, last factor) of a schedule, up to the horizon.
 * @param {DecayShape} shape @param {number} horizon */
function shaped({ start, ramp, pause, length }, horizon) {
  const inside = [start, start + ramp, pause, pause + length].filter((step) => step > 0 && step < horizon);
  const corners = [...new Set([0, ...inside, horizon])].sort((a, b) => a - b);
  return corners.slice(1).map((end, i) => {
    const begin = corners[i];
    const middle = (begin + end) / 2;
    if (middle < start || (pause < middle && middle < pause + length)) return [begin, end, 0, 0];
    return middle < start + ramp ? [begin, end, (begin - start) / ramp, (end - start) / ramp] : [begin, end, 1, 1];
  });
}
