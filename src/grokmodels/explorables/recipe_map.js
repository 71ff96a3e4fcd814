// @ts-check

/** What recipes promise, as `forecasts/outlook.py` tells it; the ten steps of warm-up are left out.
 * @param {{learning_rate: number, weight_decay: number, layers: number, width: number, init_scale: number,
 *   fraction: number, batch_share: number, steps: number, decay_on: string}} state
 * @param {{surfaces: Record<"t_mem" | "decay_time", Surface>, sides: Record<"rates" | "decays", number[]>,
 *   words: Record<string, string>, colors: Record<string, string>}} data
 * @typedef {{low: number[], high: number[], slopes: number[], scale: number}} Surface */
function recipeMap(state, { surfaces, sides, words, colors }) {
  const { learning_rate, weight_decay, layers, width, init_scale, fraction, batch_share, steps, decay_on } = state;

  /** @param {number} rate @param {number} decay */
  function outlook(rate, decay) {
    const logs = [init_scale, batch_share, rate, decay].map(Math.log);
    const point = [layers, Math.log(width), logs[0], fraction, ...logs.slice(1), decay_on === "matrices" ? 1 : 0];
    const [ln_mem, ln_spent] = [surfaces.t_mem, surfaces.decay_time].map((surface) => heightAt(surface, point));
    const t_mem = Math.exp(ln_mem);
    const t_gen = Math.max(Math.exp(ln_spent) / (rate * decay), t_mem);
    const chance = normalCdf((Math.log(rate * decay * steps) - ln_spent) / surfaces.decay_time.scale);
    return { t_mem, t_gen, chance, kind: chance < 0.5 ? "no end" : t_gen < 2 * t_mem ? "no plateau" : "plateau" };
  }

  const cells = pairs(sides.rates).flatMap(([low_rate, high_rate]) =>
    pairs(sides.decays).map(([low_decay, high_decay]) => {
      const { kind } = outlook(Math.sqrt(low_rate * high_rate), Math.sqrt(low_decay * high_decay));
      return { low_rate, high_rate, low_decay, high_decay, kind };
    }),
  );
  const areas = Object.keys(words).map((kind) => {
    const share = cells.filter((cell) => cell.kind === kind).length / cells.length;
    return `${words[kind]} in ${Math.round(100 * share)} % of the map`;
  });
  const { kind, ...told } = outlook(learning_rate, weight_decay);
  const spread = Math.exp(surfaces.decay_time.scale);
  return {
    cells,
    point: [{ learning_rate, weight_decay }],
    readout: { ...told, spread, kind: words[kind], color: colors[kind], areas: areas.join(", ") },
  };
}

/** The height of a quadratic surface over settings. @param {Surface} surface @param {number[]} point */
function heightAt({ low, high, slopes }, point) {
  const x = point.map((value, i) => (2 * value - low[i] - high[i]) / (high[i] - low[i]));
  const terms = [1, ...x, ...x.flatMap((one, i) => x.slice(i).map((other) => one * other))];
  return terms.reduce((sum, term, k) => sum + term * slopes[k], 0);
}

/** Neighbors. @param {number[]} values @returns {[number, number][]} */
function pairs(values) {
  return values.slice(1).map((value, i) => [values[i], value]);
}
