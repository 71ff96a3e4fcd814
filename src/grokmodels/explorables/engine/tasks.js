// @ts-check
/**
 * Tables of two numbers modulo p, as the library's tasks list them: input a · p + b is the pair (a, b).
 *
 * @typedef {{p: number, labels: number[], kind: Int32Array, orbit: Int32Array}} Table  `labels`: the answer that
 *   training asks for, of every input. An input's row of logits falls into orbits of the task's symmetry as `orbit`
 *   (kinds, p) says for its `kind`. All of it for a prime p.
 * @typedef {{kind: "modular", operation: string, p: number} | {kind: "random-labels", base: any, label_seed: number}} Task
 */

/** A whole number as Python rounds to one: halves to the even one. @param {number} x */
function rounded(x) {
  return x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}

/** @param {number} n */
function isPrime(n) {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return n > 1;
}

/** @type {Record<string, (a: number, b: number, p: number) => number>} */
const OPERATIONS = {
  add: (a, b, p) => (a + b) % p,
  subtract: (a, b, p) => (a - b + p) % p,
  multiply: (a, b, p) => (a * b) % p,
};

/** @param {Task} task @returns {Table} */
function tableOf(task) {
  if (task.kind === "random-labels") {
    // Orbits are those of the rule, so that the same measures apply.
    const rule = tableOf(task.base);
    const random = new Random(task.label_seed, LABELS);
    return { ...rule, labels: rule.labels.map(() => random.below(rule.p)) };
  }
  const { p, operation } = task;
  const labels = Array.from({ length: p * p }, (_, i) => OPERATIONS[operation](Math.floor(i / p), i % p, p));
  return { p, labels, ...(operation === "multiply" ? scalings(p, labels) : shifts(p, labels)) };
}

/** Addition and subtraction: shifts of both numbers keep c − label. @param {number} p @param {number[]} labels */
function shifts(p, labels) {
  const orbit = Int32Array.from({ length: p * p }, (_, i) => ((i % p) - Math.floor(i / p) + p) % p);
  return { kind: Int32Array.from(labels), orbit };
}

/** Multiplication: scalings of both numbers keep which of them are zero, and c / label or, of a label 0, whether c is 0.
 * @param {number} p @param {number[]} labels */
function scalings(p, labels) {
  const inverse = Array.from({ length: p }, (_, c) => labels.indexOf(1, c * p) - c * p);
  const zeros = labels.map((_, i) => (i < p ? 1 : 0) + (i % p === 0 ? 2 : 0));
  // Kinds 0 to 3 are the patterns of zeros, of which 0 never has the label 0; p of them more are the other labels.
  const kind = labels.map((label, i) => (label === 0 ? zeros[i] : 3 + label));
  const orbit = Int32Array.from({ length: (3 + p) * p }, (_, i) => {
    const [row, c] = [Math.floor(i / p), i % p];
    return row <= 3 ? row * p + (c === 0 ? 0 : 1) : (c * inverse[row - 3]) % p;
  });
  return { kind: Int32Array.from(kind), orbit };
}

/** Training and test inputs in order. @param {number} inputs @param {number} fraction @param {number} seed */
function splitOf(inputs, fraction, seed) {
  const order = new Random(seed, SPLIT).shuffled(Array(inputs).keys());
  const ascending = (/** @type {number[]} */ rows) => rows.sort((i, j) => i - j);
  const train = rounded(fraction * inputs);
  return { train: ascending(order.slice(0, train)), test: ascending(order.slice(train)) };
}
