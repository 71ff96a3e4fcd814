// @ts-check

/** The energy of two circuits, its points of rest, and a ball that rolls down it. */
const landscape = (() => {
  /** @typedef {{start: number, times: number[], early: number, substeps: [number, number], side: number,
   *   levels: number[]}} Constants */

  /** Make again only what moved, so that the rest need not be drawn again.
   * @template T @param {(constants: Constants, ...moved: number[]) => T} make */
  function latest(make) {
    /** @type {{key: string, made: T} | undefined} */
    let kept;
    return (/** @type {Constants} */ constants, /** @type {number[]} */ ...moved) => {
      const key = moved.join();
      if (kept?.key !== key) kept = { key, made: make(constants, ...moved) };
      return kept.made;
    };
  }

  /** Those points of rest that exist.
   * @param {number} degree @param {number} ratio @param {number} weight_decay */
  function restsOf(degree, ratio, weight_decay) {
    const amplitude = (/** @type {typeof restMargin} */ marginAt, /** @type {number} */ efficiency) =>
      restAmplitude(marginAt(degree, efficiency, weight_decay), degree, efficiency);
    const [memorizer, rule] = [amplitude(restMargin, 1), amplitude(restMargin, ratio)];
    /** @type {[string, number, number, boolean][]} */
    let rests = [];
    if (degree === 2) {
      rests = [
        ["memorizer", memorizer, 0, memorizerRate(weight_decay, ratio) <= 0],
        ["rule", 0, rule, generalizerRate(weight_decay, ratio) <= 0],
        ["origin", 0, 0, originRate(Math.max(1, ratio), weight_decay) <= 0],
      ];
    } else {
      const [efficiency, slope] = [saddleEfficiency(degree, 1, ratio), separatrixSlope(degree, ratio)];
      /** @returns {[number, number]} */
      const mixed = (/** @type {typeof restMargin} */ marginAt) => {
        const u = amplitude(marginAt, efficiency) / Math.hypot(1, slope);
        return [u, slope * u];
      };
      if (degree < 2) rests = [["both", ...mixed(restMargin), true]];
      else {
        rests = [
          ["memorizer", memorizer, 0, true],
          ["rule", 0, rule, true],
          ["origin", 0, 0, true],
          ["threshold", amplitude(thresholdMargin, 1), 0, false],
          ["threshold", 0, amplitude(thresholdMargin, ratio), false],
          ["saddle", ...mixed(restMargin), false],
          ["peak", ...mixed(thresholdMargin), false],
        ];
      }
    }
    return rests.flatMap(([name, u, v, stable]) => {
      const exists = name === "origin" || u + v > 1e-3;
      return exists ? [{ name, u, v, stable, energy: logisticEnergy(u, v, degree, 1, ratio, weight_decay) }] : [];
    });
  }

  const terrain = latest(({ side, levels }, degree, ratio, weight_decay) => {
    const points = restsOf(degree, ratio, weight_decay);
    const middle = points.find(({ name }) => name === "both" || name === "peak");
    const reach = degree > 2 ? side / Math.max(1, separatrixSlope(degree, ratio)) : 0;
    return {
      points,
      line: degree > 2 ? [0, reach].map((u) => ({ u, v: u * separatrixSlope(degree, ratio) })) : [],
      contours: contours(
        (u, v) => logisticEnergy(u, v, degree, 1, ratio, weight_decay),
        (u, v) => logisticFlow(u, v, degree, 1, ratio, weight_decay),
        side,
        levels,
        middle && [middle.u, middle.v],
      ),
    };
  });

  const roll = latest(({ start, times, early, substeps }, degree, ratio, weight_decay, seed) => {
    const velocity = (/** @type {number[]} */ [u, v]) => logisticFlow(u, v, degree, 1, ratio, weight_decay);
    const first = rungeKutta(velocity, [start, seed], times.slice(0, early + 1), substeps[0]);
    const rest = rungeKutta(velocity, first[early], times.slice(early), substeps[1]);
    return [...first, ...rest.slice(1)].map(([u, v], i) => {
      return { t: times[i], u, v, energy: logisticEnergy(u, v, degree, 1, ratio, weight_decay) };
    });
  });

  /** @param {{degree: number, weight_decay: number, ratio: number, seed: number, time: number}} state
   * @param {Constants} constants */
  return ({ degree, weight_decay, ratio, seed, time }, constants) => {
    const ground = terrain(constants, degree, ratio, weight_decay);
    const path = roll(constants, degree, ratio, weight_decay, seed);
    const ball = path.findLast(({ t }) => t <= time) ?? path[0];
    const beside = (/** @type {{u: number, v: number}} */ { u, v }) => {
      const gap = (/** @type {{u: number, v: number}} */ rest) => Math.hypot(rest.u - u, rest.v - v);
      const nearest = ground.points.reduce((best, rest) => (gap(rest) < gap(best) ? rest : best));
      if (gap(nearest) > 0.15) return "between points of rest";
      return `beside the ${nearest.name === "both" ? "point where both rest" : nearest.name}`;
    };
    const named = (/** @type {boolean} */ kind) =>
      [...new Set(ground.points.flatMap(({ name, stable }) => (stable === kind ? [name] : [])))].join(", ") || "none";
    return {
      ...ground,
      path,
      readout: {
        energy: ball.energy,
        share: margin(0, ball.v, degree, 1, ratio) / margin(ball.u, ball.v, degree, 1, ratio),
        first: path[0].energy,
        last: path[path.length - 1].energy,
        place: beside(ball),
        end: beside(path[path.length - 1]),
        stable: named(true),
        unstable: named(false),
        border:
          degree > 2
            ? "A dashed straight line, which no flow crosses, divides the plane."
            : "Nothing divides the plane.",
      },
    };
  };
})();
