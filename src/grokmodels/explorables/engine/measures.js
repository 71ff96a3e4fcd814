// @ts-check
/**
 * What is seen of a network, as `grokmodels.measures` defines it: the answers to all inputs, and the circles that its
 * embedding forms.
 *
 * @typedef {{count: number, loss: number, accuracy: number, margin: number, signal: number, energy: number,
 *   sums: Float64Array, sizes: Float64Array}} Sums
 * @typedef {{frequency: number, share: number, x: number[], y: number[]}} Circle
 */

class Evaluation {
  /** @param {Network} network @param {Table} table */
  constructor(network, table) {
    this.network = network;
    this.table = table;
    this.inputs = Array.from(table.labels.keys());
    /** Whether each input is answered right. */
    this.right = new Uint8Array(table.labels.length);
    /** The answer to each, and its probability. */
    this.said = new Uint16Array(table.labels.length);
    this.sure = new Float32Array(table.labels.length);
  }

  /** The measures of all inputs by the names of a history's columns. @param {Uint8Array} part  of each input */
  measure(part) {
    const { classes, symmetry } = this.table;
    const cells = symmetry ? symmetry.orbit.length : 0;
    const sums = [TEST, TRAIN].map(() => ({
      count: 0,
      loss: 0,
      accuracy: 0,
      margin: 0,
      signal: 0,
      energy: 0,
      sums: new Float64Array(cells),
      sizes: new Float64Array(cells),
    }));
    for (let begin = 0; begin < this.inputs.length; begin += ROWS) {
      const piece = this.inputs.slice(begin, begin + ROWS);
      this.network.forward(piece);
      const logits = this.network.memory.floats(this.network.logits, piece.length * classes);
      for (const [i, input] of piece.entries()) {
        this.#add(logits.subarray(i * classes, (i + 1) * classes), input, sums[part[input]]);
      }
    }
    return { ...this.#named(sums[TRAIN], sums[TEST]), ...this.#bySubset(part) };
  }

  /** @param {Float32Array} logits  of one input @param {number} input @param {Sums | undefined} sums  of its part */
  #add(logits, input, sums) {
    const { classes, labels } = this.table;
    const label = labels[input];
    let [best, mean] = [label ? 0 : 1, 0];
    for (let c = 0; c < classes; c++) {
      mean += logits[c] / classes;
      if (c !== label && logits[c] > logits[best]) best = c;
    }
    const margin = logits[label] - logits[best];
    // Of equal logits the first counts as the answer.
    this.right[input] = margin > 0 || (margin === 0 && label < best) ? 1 : 0;
    const most = Math.max(logits[label], logits[best]);
    let total = 0;
    for (let c = 0; c < classes; c++) total += Math.exp(logits[c] - most);
    this.said[input] = this.right[input] ? label : best;
    this.sure[input] = 1 / total;
    if (!sums) return;
    this.#project(logits, mean, input, sums);
    sums.count += 1;
    sums.loss += Math.log(total) + most - logits[label];
    sums.accuracy += this.right[input];
    sums.margin += margin;
    sums.signal += logits[label] - mean;
  }

  /** Add the squares of the centered logits of one input, and their sums over orbits where there are any.
   * @param {Float32Array} logits @param {number} mean @param {number} input @param {Sums} sums */
  #project(logits, mean, input, sums) {
    const { classes, symmetry } = this.table;
    if (!symmetry) return;
    for (let c = 0; c < classes; c++) {
      const [centered, place] = [logits[c] - mean, symmetry.orbit[symmetry.kind[input] * classes + c]];
      sums.energy += centered * centered;
      sums.sums[place] += centered;
      sums.sizes[place] += 1;
    }
  }

  /** The accuracy of every subset. @param {Uint8Array} part */
  #bySubset(part) {
    const accuracies = this.table.subsets.map((subset) => {
      const inputs = subset.inputs.filter((input) => part[input] === subset.part);
      return [subset.name, inputs.reduce((sum, input) => sum + this.right[input], 0) / inputs.length];
    });
    return Object.fromEntries(accuracies);
  }

  /** @param {Sums} train @param {Sums} test */
  #named(train, test) {
    /** @type {Record<string, number | null>} */
    const named = {};
    for (const [part, sums] of Object.entries({ train, test })) {
      for (const name of /** @type {const} */ (["loss", "accuracy", "margin", "signal"])) {
        named[`${part}_${name}`] = sums[name] / sums.count;
      }
    }
    const { train_signal, test_signal } = /** @type {Record<string, number>} */ (named);
    named.m_hat = train_signal === 0 ? 0 : test_signal / train_signal;
    named.rule_share = ruleShare(test);
    named.rule_share_train = ruleShare(train);
    return named;
  }
}

/** The share of the squared centered logits that their means over orbits keep. @param {Sums} sums */
function ruleShare({ sums, sizes, energy }) {
  const kept = sums.reduce((total, sum, i) => total + (sizes[i] ? (sum * sum) / sizes[i] : 0), 0);
  return energy > 0 ? kept / energy : null;
}

/** Norms of all weights and of each parameter. @param {Network} network @returns {Record<string, number>} */
function normsOf({ memory, weights, size, layout }) {
  const each = layout.map(({ name, at, rows, columns }) => [
    `norm.${name}`,
    lengthOf(memory.floats(weights + 4 * at, rows * columns)),
  ]);
  return { weight_norm: lengthOf(memory.floats(weights, size)), ...Object.fromEntries(each) };
}

/** The circles of the strongest frequencies of an embedding (p, d), strongest first: of each the share of the centered
 * squared length, and the tokens in its plane, in units of the root mean square length (`measures/fourier.py`).
 * @param {Float32Array} embedding @param {number} p @param {number} count @returns {Circle[]} */
function circlesOf(embedding, p, count) {
  const d = embedding.length / p;
  const mean = Array.from({ length: d }, (_, j) => {
    let sum = 0;
    for (let a = 0; a < p; a++) sum += embedding[a * d + j];
    return sum / p;
  });
  const centered = Float64Array.from(embedding, (value, i) => value - mean[i % d]);
  const total = centered.reduce((sum, value) => sum + value * value, 0);
  const planes = Array.from({ length: (p - 1) >> 1 }, (_, k) => planeOf(centered, p, d, k + 1));
  const strongest = planes.sort((one, other) => other.energy - one.energy).slice(0, count);
  const size = Math.sqrt(total / p);
  return strongest.map(({ frequency, energy, axes }) => {
    const [x, y] = axes.map((axis) =>
      Array.from({ length: p }, (_, a) => {
        let sum = 0;
        for (let j = 0; j < d; j++) sum += centered[a * d + j] * axis[j];
        return sum / size;
      }),
    );
    return { frequency, share: (2 * energy) / p / total, x, y };
  });
}

/** The cosine and sine directions of a frequency, their squared length, and their polar factor: the orthonormal pair
 * closest to them. @param {Float64Array} centered @param {number} p @param {number} d @param {number} frequency */
function planeOf(centered, p, d, frequency) {
  const [cosine, sine] = [new Float64Array(d), new Float64Array(d)];
  for (let a = 0; a < p; a++) {
    const angle = (2 * Math.PI * ((frequency * a) % p)) / p;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    for (let j = 0; j < d; j++) {
      cosine[j] += c * centered[a * d + j];
      sine[j] += s * centered[a * d + j];
    }
  }
  const dot = (/** @type {Float64Array} */ x, /** @type {Float64Array} */ y) =>
    x.reduce((sum, v, j) => sum + v * y[j], 0);
  const [cc, cs, ss] = [dot(cosine, cosine), dot(cosine, sine), dot(sine, sine)];
  // The square root of the two-by-two matrix G of their products is (G + √|G| · 1) / trace.
  const root = Math.sqrt(Math.max(0, cc * ss - cs * cs));
  const trace = Math.sqrt(cc + ss + 2 * root);
  const [f, g, h] = [(cc + root) / trace, cs / trace, (ss + root) / trace];
  const determinant = f * h - g * g;
  const mixed = (/** @type {number} */ one, /** @type {number} */ other) =>
    cosine.map((value, j) => (one * value + other * sine[j]) / determinant);
  return { frequency, energy: cc + ss, axes: [mixed(h, -g), mixed(-g, f)] };
}
