// @ts-check

/** Walkers that noise shakes at the memorizer: who reached the rule or the origin so far, and when. */
const escapes = (() => {
  /** @typedef {{at: number[], fate: "waiting" | "escaped" | "collapsed", t: number | null}} Walker */
  /** @typedef {{degree: number, ratio: number, count: number, seed: number, dt: number, steps: number, width: number,
   *   bins: number[]}} Constants */
  /** @typedef {{well: number, edge: number, saddle: number, frames: Walker[][]}} Walk */

  /** Walks are continued from where they were, and kept until decay or temperature moves.
   * @type {{key: string, walk: Walk} | undefined} */
  let kept;
  /** All walks are shaken by the same numbers: two a walker and step, drawn once. @type {number[]} */
  const kicks = [];
  /** @type {ReturnType<typeof noise> | undefined} */
  let generator;

  /** Everyone at the memorizer or, beyond the fold, where it was last at rest.
   * @param {number} weight_decay @param {Constants} constants @returns {Walk} */
  function begin(weight_decay, { degree, ratio, count }) {
    const well = restMargin(degree, 1, weight_decay);
    const start = restAmplitude(well || foldMargin(degree), degree, 1);
    return {
      well,
      edge: thresholdMargin(degree, 1, weight_decay) || foldMargin(degree),
      saddle: restMargin(degree, saddleEfficiency(degree, 1, ratio), weight_decay),
      frames: [Array.from({ length: count }, () => ({ at: [start, 0], fate: "waiting", t: null }))],
    };
  }

  /** One frame more. @param {Walk} walk @param {number} weight_decay @param {number} temperature
   * @param {Constants} constants */
  function advance({ frames, edge }, weight_decay, temperature, { degree, ratio, count, seed, dt, steps }) {
    const flow = (/** @type {number} */ u, /** @type {number} */ v) => walkerFlow(u, v, ratio, weight_decay);
    generator ??= noise(seed);
    while (kicks.length < 2 * count * steps * frames.length) kicks.push(generator.standardNormal());
    let next = 2 * count * steps * (frames.length - 1);
    let walkers = frames[frames.length - 1];
    for (let j = 1; j <= steps; j++) {
      const now = ((frames.length - 1) * steps + j) * dt;
      walkers = walkers.map(({ at: before, fate, t }) => {
        const at = langevinStep(flow, before, temperature, dt, [kicks[next++], kicks[next++]]);
        if (fate !== "waiting") return { at, fate, t };
        const [memorized, generalized] = [margin(at[0], 0, degree, 1, ratio), margin(0, at[1], degree, 1, ratio)];
        if (memorized + generalized < edge / 10) return { at, fate: "collapsed", t };
        return generalized > 9 * memorized ? { at, fate: "escaped", t: now } : { at, fate, t };
      });
    }
    frames.push(walkers);
  }

  /** @param {{weight_decay: number, temperature: number, time: number}} state @param {Constants} constants */
  return ({ weight_decay, temperature, time }, constants) => {
    const { degree, ratio, count, dt, steps, width, bins } = constants;
    const key = [weight_decay, temperature].join();
    if (kept?.key !== key) kept = { key, walk: begin(weight_decay, constants) };
    const { well, saddle, frames } = kept.walk;
    const frame = Math.round(time / (dt * steps));
    while (frames.length <= frame) advance(kept.walk, weight_decay, temperature, constants);

    const walkers = frames[frame].map(({ at: [u, v], fate }) => ({ u, v, fate }));
    const waits = frames[frame].flatMap(({ t }) => (t === null ? [] : [t])).sort((a, b) => a - b);
    const rate = escapeToRule(degree, weight_decay, temperature, well, saddle);
    const histogram = bins.map((low) => {
      const high = low + width;
      const number = waits.filter((t) => t > low && t <= high).length;
      const expected = rate ? count * (Math.exp(-rate * low) - Math.exp(-rate * high)) : null;
      return { low, high, middle: low + width / 2, number, expected };
    });
    const those = (/** @type {Walker["fate"]} */ wanted) => walkers.filter(({ fate }) => fate === wanted);
    const rule = restMargin(degree, ratio, weight_decay);
    const lifted = those("collapsed").filter(({ v }) => margin(0, v, degree, 1, ratio) > rule / 2).length;
    return {
      walkers,
      histogram,
      now: [{ t: time }],
      readout: {
        barrier: rate ? (restEnergy(saddle, degree) - restEnergy(well, degree)) / temperature : null,
        wait: rate ? 1 / rate : null,
        escaped: waits.length,
        collapsed: those("collapsed").length,
        since: lifted ? `, ${lifted} of them at the rule since` : "",
        waiting: those("waiting").length,
        half: waits[count / 2 - 1] ?? null,
        crowd: well ? "Eighty walkers" : "Eighty walkers: the memorizer is gone",
        start: well ? "at the memorizer" : "where the memorizer was last at rest",
        others: well ? "still wait around the memorizer, at the lower right" : "are still on their way downhill",
        law: rate
          ? "beside a falling exponential with the rate of Langer and Kramers"
          : "without a law, as beyond the fold there is no memorizer and no barrier to wait at",
        heading: rate ? "Waiting times, beside the law" : "Times to the rule: no barrier, no wait",
      },
    };
  };
})();
