// @ts-check
/**
 * Tasks as tables of inputs, numbered as the library's tasks list them.
 *
 * @typedef {{kind: Int32Array, orbit: Int32Array}} Symmetry  an input's row of logits falls into orbits of the task's
 *   symmetry as `orbit` (kinds, classes) says for its `kind`; all of it for a prime p
 * @typedef {{inputs: number[][], labels: number[], tokens: number, classes: number, symmetry: Symmetry | null,
 *   core: number[], drawn: number[], subsets: Subset[]}} Table  `inputs`: the tokens of each; `labels`: the answer that
 *   training asks for; a split draws from `drawn` and trains on all of the `core`
 * @typedef {{name: string, part: number, inputs: number[]}} Subset  whose accuracy is a column of its own
 * @typedef {{kind: "modular", operation: string, p: number}} Modular
 * @typedef {Modular | {kind: "random-labels", base: Modular, label_seed: number} | TwoHop} Task
 */

// Parts of a table: held out, shown, taken away, and neither shown nor held out.
const [TEST, TRAIN, AWAY, APART] = [0, 1, 2, 3];

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
  if (task.kind === "two-hop") return questionsOf(task);
  if (task.kind === "modular") return pairsOf(task);
  // Orbits are those of the rule, so that the same measures apply.
  const rule = pairsOf(task.base);
  const random = new Random(task.label_seed, LABELS);
  return { ...rule, labels: rule.labels.map(() => random.below(rule.classes)) };
}

/** Two numbers modulo p: input a · p + b is the pair (a, b). @param {Modular} task @returns {Table} */
function pairsOf({ p, operation }) {
  const drawn = [...Array(p * p).keys()];
  const inputs = drawn.map((i) => [Math.floor(i / p), i % p]);
  const labels = inputs.map(([a, b]) => OPERATIONS[operation](a, b, p));
  const symmetry = operation === "multiply" ? scalings(p, labels) : shifts(p, labels);
  return { inputs, labels, tokens: p, classes: p, symmetry, core: [], drawn, subsets: [] };
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

/** Training and test inputs in order. @param {Table} table @param {number} fraction @param {number} seed */
function splitOf({ core, drawn }, fraction, seed) {
  const order = new Random(seed, SPLIT).shuffled(drawn);
  const ascending = (/** @type {number[]} */ rows) => rows.sort((i, j) => i - j);
  const train = rounded(fraction * drawn.length);
  return { train: ascending([...core, ...order.slice(0, train)]), test: ascending(order.slice(train)) };
}
