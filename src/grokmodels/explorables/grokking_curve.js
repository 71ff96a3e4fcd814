// @ts-check

/** The rule's share beside a memorizing circuit at rest, and the held-out accuracy that follows it.
 * @param {{seed: number, ratio: number, weight_decay: number, crosstalk: number}} state
 * @param {{decay_times: number[], classes: number}} data */
function grokkingCurve({ seed, ratio, weight_decay, crosstalk }, { decay_times, classes }) {
  const first = seedShare(seed, ratio, plateauSlowMargin(0, ratio, 1, weight_decay));
  const chance = winningChance(classes);
  const curve = decay_times.map((decay_time) => {
    const share = plateauShare(decay_time, first, ratio, 1);
    const test_accuracy = chance((Math.SQRT2 * share) / (1 - share) / crosstalk);
    return { t: decay_time / weight_decay, decay_time, share, test_accuracy };
  });
  const half = crossing(curve, "test_accuracy", 0.5, ["t", "decay_time"]);
  const early = curve[0].test_accuracy >= 0.5;
  return {
    curve,
    half: half ? [half] : [],
    readout: {
      slope: 2 * (ratio - 1),
      wait: ratio > 1 ? plateauDecayTime(0.5, 1, first, 1, ratio) : null,
      at: half?.t ?? null,
      spent: half?.decay_time ?? null,
      passes: half
        ? `passes one half at time ${half.t.toFixed(0)}`
        : `${early ? "starts above" : "stays below"} one half`,
      moves: ["falls", "stays the same", "climbs"][1 + Math.sign(ratio - 1)],
    },
  };
}
