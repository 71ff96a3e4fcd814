// @ts-check
/**
 * The update of all weights: AdamW, Adam with L2, and SGD with momentum, with the numbers of `optimizers.py`.
 *
 * @typedef {{name: string, betas: [number, number], epsilon: number, momentum: number, clip: number | null}} Rule
 */
class Optimizer {
  /** @param {Memory} memory @param {Network} network @param {Rule} rule */
  constructor(memory, network, rule) {
    this.memory = memory;
    this.network = network;
    this.rule = rule;
    this.first = memory.take(network.size);
    this.second = memory.take(rule.name === "sgd" ? 0 : network.size);
  }

  /** One step, counted from 0, along the network's gradients. @param {number} step @param {number} rate
   * @param {number} decay */
  update(step, rate, decay) {
    const { kernels } = this.memory;
    const { weights, gradients, size } = this.network;
    const { name, betas, epsilon, momentum, clip } = this.rule;
    if (clip !== null) this.#bound(clip);
    if (name === "adamw") kernels.scale(weights, size, 1 - rate * decay);
    else kernels.add_scaled(gradients, weights, size, decay);
    if (name === "sgd") {
      kernels.scale(this.first, size, momentum);
      kernels.add_scaled(this.first, gradients, size, 1);
      kernels.add_scaled(weights, this.first, size, -rate);
    } else {
      const [first, second] = betas.map((beta) => 1 - beta ** (step + 1));
      const moments = [this.first, this.second];
      kernels.adam(
        weights,
        gradients,
        moments[0],
        moments[1],
        size,
        betas[0],
        betas[1],
        rate / first,
        Math.sqrt(second),
        epsilon,
      );
    }
    this.network.refresh();
  }

  /** Scale down a gradient that is longer than this (arXiv:1211.5063). @param {number} length */
  #bound(length) {
    const { gradients, size } = this.network;
    const norm = lengthOf(this.memory.floats(gradients, size));
    this.memory.kernels.scale(gradients, size, Math.min(1, length / (norm + 1e-6)));
  }
}

/** The Euclidean norm. @param {Float32Array} values */
function lengthOf(values) {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
