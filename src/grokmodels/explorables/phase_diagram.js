// @ts-check

/** The phases in the plane of weight decay and ratio, and the run at a point of it. */
const phaseDiagram = (() => {
  /** @typedef {{start: number, ratios: number[], below: number[], above: number[]}} Plane */

  /** @type {{seed: number, regions: object[]} | undefined} */
  let kept;

  /** For each phase the range of ratios that it fills, along the decay. @param {number} seed @param {Plane} plane */
  function regionsOf(seed, { start, ratios: [least, greatest], below, above }) {
    let border = 1;
    return [
      ...below.flatMap((decay) => {
        // At decay 1 the circuit that memorizes cannot rest, and the border ends.
        if (decay < 1) border = Math.min(Math.max(1, crossoverRatio(start, seed, 1, decay)), greatest);
        return [
          { phase: "memorization", decay, low: least, high: 1 },
          { phase: "grokking", decay, low: 1, high: border },
          { phase: "comprehension", decay, low: border, high: greatest },
        ];
      }),
      ...above.flatMap((decay) => [
        { phase: "collapse", decay, low: least, high: decay },
        { phase: "comprehension", decay, low: decay, high: greatest },
      ]),
    ];
  }

  /** The phase, as `theory/phases.py` tells it.
   * @param {number} start @param {number} seed @param {number} ratio @param {number} decay */
  function phaseOf(start, seed, ratio, decay) {
    if (decay >= Math.max(1, ratio)) return "collapse";
    if (ratio <= 1) return "memorization";
    return decay >= 1 || seed >= crossoverSeed(start, ratio, 1, decay) ? "comprehension" : "grokking";
  }

  /** @param {{weight_decay: number, ratio: number, seed: number}} state
   * @param {Plane & {classes: number, crosstalk: number, decay_times: number, points: number, first: number,
   *   substeps: number, colors: Record<string, string>}} data */
  return ({ weight_decay, ratio, seed }, data) => {
    if (kept?.seed !== seed) kept = { seed, regions: regionsOf(seed, data) };
    const { start, crosstalk, decay_times, points, first } = data;
    const last = decay_times / weight_decay;
    const times = Array.from({ length: points }, (_, i) => first * (last / first) ** (i / (points - 1)));
    const velocity = (/** @type {number[]} */ [u, v]) => logisticFlow(u, v, 2, 1, ratio, weight_decay);
    const states = rungeKutta(velocity, [start, seed], [0, ...times], data.substeps).slice(1);
    const chance = winningChance(data.classes);
    const curve = states.map(([u, v], i) => ({
      t: times[i],
      memorizing: u ** 2,
      generalizing: ratio * v ** 2,
      accuracy: chance((Math.SQRT2 * ratio * (v / u) ** 2) / crosstalk),
    }));
    const phase = phaseOf(start, seed, ratio, weight_decay);
    const border = weight_decay < 1 ? crossoverRatio(start, seed, 1, weight_decay) : null;
    const collapsed = phase === "collapse";
    const leads = collapsed ? undefined : curve.find((row) => row.generalizing >= row.memorizing)?.t;
    return {
      regions: kept.regions,
      curve,
      point: [{ decay: weight_decay, ratio }],
      readout: {
        phase,
        color: data.colors[phase],
        leads: leads ?? null,
        accuracy: curve[points - 1].accuracy,
        border,
        column:
          border === null
            ? `collapse up to ratio ${weight_decay}`
            : `memorization up to ratio 1, ${border > 1.005 ? `grokking up to ${border.toFixed(2)}` : "no grokking"}`,
        fate: collapsed
          ? "both vanish"
          : leads
            ? `the rule leads from time ${leads.toFixed(1)}`
            : "the rule does not lead in the time shown",
      },
    };
  };
})();
