// @ts-check
/**
 * One run: an experiment of the library, as the JSON of its recipe, trained step by step. What is drawn differs from
 * the library's draws; everything else is the same.
 *
 * @typedef {Record<string, number | null>} Measures  a row of a history, by the library's names of columns
 * @typedef {{step: number, status: string | null, rows: Measures[], cells: Uint8Array, said: Uint16Array,
 *   sure: Float32Array, circles: Circle[]}} Frame  of every input, `cells`: 2 · part + right; `said`: the answer, `sure`:
 *   its probability
 */

const FORMAT = 1;
const CIRCLES = 3;
const [LEVEL, EVALUATIONS] = [0.99, 5];

/** What this engine can train; a RangeError names what it cannot. @param {any} recipe */
function requireSupported(recipe) {
  const { task, architecture, optimizer } = recipe;
  const base = task.kind === "random-labels" ? task.base : task;
  /** @type {[string, any, any[]][]} */
  const fields = [
    ["task", base.kind, ["modular", "two-hop"]],
    ...(base.kind === "two-hop" ? worldFields(base) : pairFields(base)),
    ["architecture", architecture.kind, ["transformer"]],
    ["architecture.attention", architecture.attention, ["causal"]],
    ["architecture.positions", architecture.positions, [true]],
    ["architecture.activation", architecture.activation, ["relu"]],
    ["architecture.biases", architecture.biases, ["none"]],
    ["architecture.output_scale", architecture.output_scale, [1]],
    ["optimizer.name", optimizer.name, ["adamw", "adam", "sgd"]],
    ["optimizer.weight_decay_on", optimizer.weight_decay_on, ["all"]],
    ["optimizer.orthogonal", optimizer.orthogonal, [null]],
    ["optimizer.gradient_filter", optimizer.gradient_filter, [null]],
    ["optimizer.gradient_noise", optimizer.gradient_noise, [0]],
    ["optimizer.hold_norm", optimizer.hold_norm, [null]],
    ["loss", recipe.loss, ["cross-entropy"]],
    ["label_smoothing", recipe.label_smoothing, [0]],
    ["label_noise", recipe.label_noise, [0]],
    ["corrupted", recipe.corrupted, [0]],
    ["precision", recipe.precision, ["float32"]],
    ["perturbation", recipe.perturbation, [0]],
    ["motion", recipe.motion, [false]],
    ["spectral_contrast", recipe.spectral_contrast, [false]],
  ];
  for (const [field, value, allowed] of fields) {
    if (!allowed.includes(value)) throw new RangeError(`${field}: got ${value}; the page trains ${allowed.join(", ")}`);
  }
  if (base.kind === "modular" && !isPrime(base.p)) {
    throw new RangeError(`task.p: got ${base.p}; the page trains primes`);
  }
}

/** @param {any} task @returns {[string, any, any[]][]} */
function pairFields({ operation, format, unordered }) {
  return [
    ["task.operation", operation, Object.keys(OPERATIONS)],
    ["task.format", format, ["a b"]],
    ["task.unordered", unordered, [false]],
  ];
}

/** @param {any} task @returns {[string, any, any[]][]} */
function worldFields({ degree, identity, answers, wording }) {
  return [
    ["task.degree", degree, [null]],
    ["task.identity", identity, [false]],
    ["task.answers", answers, ["composed"]],
    ["task.wording", wording, ["symbols"]],
  ];
}

/** What may change while it trains: a check, of the value and the number of training inputs, and its words.
 * @type {Record<string, [(value: number, inputs: number) => boolean, string]>} */
const CHANGES = {
  learning_rate: [(rate) => rate > 0, "above 0"],
  weight_decay: [(decay) => decay >= 0, "0 or above"],
  batch_size: [
    (size, inputs) => Number.isInteger(size) && size >= 1 && size <= inputs,
    "1 to the training inputs, or null",
  ],
  data_share: [(share, inputs) => share <= 1 && rounded(share * inputs) >= 1, "at most 1, and leave an input"],
};

/** The value that a change asks for; a RangeError names what is not allowed. @param {string} name
 * @param {number | null} value @param {number} inputs */
function changed(name, value, inputs) {
  if (!(name in CHANGES))
    throw new RangeError(`${name}: got a change; only ${Object.keys(CHANGES).join(", ")} may change`);
  const [check, words] = CHANGES[name];
  const asked = name === "batch_size" && value === null ? inputs : value;
  if (typeof asked !== "number" || !check(asked, inputs)) {
    throw new RangeError(`${name}: got ${value}; must be ${words}`);
  }
  return asked;
}

class Training {
  /** @param {any} recipe  `Experiment.model_dump(mode="json")` @param {Uint8Array<ArrayBuffer> | null} module  kernels.wasm */
  constructor(recipe, module) {
    requireSupported(recipe);
    this.recipe = recipe;
    this.table = tableOf(recipe.task);
    const seed = (/** @type {string} */ drawn) => recipe[`${drawn}_seed`] ?? recipe.seed;
    this.split = splitOf(this.table, recipe.fraction, seed("split"));
    // Inputs are taken away from the end of this order, those of the core last.
    const core = new Set(this.table.core);
    const order = new Random(seed("split"), SHARES).shuffled(this.split.train);
    this.order = order.sort((i, j) => Number(core.has(j)) - Number(core.has(i)));
    this.random = new Random(seed("batch"), BATCHES);
    const { optimizer } = recipe;
    this.courses = {
      learning_rate: new Course(optimizer.learning_rate, optimizer.learning_rate_schedule),
      weight_decay: new Course(optimizer.weight_decay, optimizer.weight_decay_schedule),
      batch_size: new Course(recipe.batch_size ?? this.split.train.length, recipe.batch_size_schedule),
      data_share: new Course(1, recipe.data_schedule),
    };
    const { network, update, labels } = Memory.holding(module, (memory) => {
      const network = new Network(memory, recipe.architecture, this.table);
      return { network, update: new Optimizer(memory, network, optimizer), labels: memory.take(ROWS) };
    });
    this.network = network;
    this.optimizer = update;
    this.labels = labels;
    network.initialize(recipe.architecture.init_scale, new Random(seed("init"), WEIGHTS));
    this.evaluation = new Evaluation(network, this.table);
    this.step = 0;
    this.decayTime = 0;
    /** @type {string | null} */
    this.status = null;
    /** @type {Measures[]} */
    this.rows = [];
    /** @type {number[]} */
    this.epoch = [];
    this.evaluate();
  }

  /** The training inputs at this step. */
  get training() {
    return this.order.slice(0, rounded(this.courses.data_share.at(this.step) * this.order.length));
  }

  /** Train, and measure where the recipe says so, until a step or until the run is over. @param {number} step */
  advance(step) {
    while (this.step < step && this.status === null) {
      this.update(this.nextBatch());
      if (this.step % this.recipe.evaluate_every === 0 || this.step === this.recipe.steps) this.evaluate();
    }
  }

  /** The step at which it is measured next. */
  get nextEvaluation() {
    const every = this.recipe.evaluate_every;
    return (Math.floor(this.step / every) + 1) * every;
  }

  /** The inputs of the next step: each epoch in a new order; what is left of an epoch below a batch is dropped. Another
   * share of the data begins with the next epoch. */
  nextBatch() {
    const size = rounded(this.courses.batch_size.at(this.step));
    if (this.epoch.length < size) {
      const training = this.training;
      if (size >= training.length) {
        this.epoch = [];
        return training;
      }
      this.epoch = this.random.shuffled(training);
    }
    return this.epoch.splice(-size);
  }

  /** One step on these inputs. @param {number[]} batch */
  update(batch) {
    const [rate, decay] = [this.courses.learning_rate.at(this.step), this.courses.weight_decay.at(this.step)];
    this.differentiate(batch);
    this.optimizer.update(this.step, rate, decay);
    this.step += 1;
    this.decayTime += rate * decay;
  }

  /** The gradient of the mean loss over these inputs. @param {number[]} batch */
  differentiate(batch) {
    const { network, table } = this;
    const { memory } = network;
    memory.clear(network.gradients, network.size);
    for (let begin = 0; begin < batch.length; begin += ROWS) {
      const piece = batch.slice(begin, begin + ROWS);
      const labels = memory.ints(this.labels, piece.length);
      for (const [i, input] of piece.entries()) labels[i] = table.labels[input];
      network.forward(piece);
      memory.kernels.softmax_gradient(network.logits, this.labels, piece.length, table.classes, 1 / batch.length);
      network.backward();
    }
  }

  /** Add a row to the history. */
  evaluate() {
    this.parts = this.partsNow();
    const measured = this.evaluation.measure(this.parts);
    if (![measured.train_loss, measured.test_loss].every(Number.isFinite)) {
      this.status = "diverged";
      return;
    }
    this.rows.push({ step: this.step, decay_time: this.decayTime, ...measured, ...normsOf(this.network) });
    if (this.recipe.stop_when_generalized && this.justGeneralized()) this.status = "generalized";
    else if (this.step === this.recipe.steps) this.status = "finished";
  }

  /** The part that every input belongs to. */
  partsNow() {
    const parts = new Uint8Array(this.table.labels.length).fill(APART);
    for (const input of this.split.test) parts[input] = TEST;
    for (const input of this.split.train) parts[input] = AWAY;
    for (const input of this.training) parts[input] = TRAIN;
    return parts;
  }

  /** Whether test accuracy has lasted since so many evaluations, no more and no less. */
  justGeneralized() {
    const recent = this.rows.slice(-EVALUATIONS - 1).map((row) => Number(row.test_accuracy) >= LEVEL);
    const first = recent.length > EVALUATIONS ? recent.shift() : false;
    return recent.length === EVALUATIONS && recent[0] && !first && recent.filter(Boolean).length > EVALUATIONS / 2;
  }

  /** Go on after the run has generalized. */
  resume() {
    if (this.status === "generalized") this.status = null;
  }

  /** Other numbers from this step on; what was measured at it already is measured anew.
   * @param {Record<string, number | null>} changes */
  change(changes) {
    const inputs = this.order.length;
    // All are looked at before any is made.
    const asked = Object.entries(changes).map(([name, value]) => ({ name, value: changed(name, value, inputs) }));
    for (const { name, value } of asked) {
      this.courses[/** @type {keyof Training["courses"]} */ (name)].change(this.step, value);
    }
    this.parts = this.partsNow();
    if (this.rows[this.rows.length - 1]?.step === this.step) {
      this.rows.pop();
      this.evaluate();
    }
  }

  /** What a page shows of now; `from` is the first row of the history that it has not. @param {number} from @returns {Frame} */
  frame(from) {
    const { network, table, step, status, evaluation } = this;
    const parts = /** @type {Uint8Array} */ (this.parts);
    const embedding = network.memory.floats(network.embedding.weight, table.tokens * network.width);
    return {
      step,
      status,
      rows: this.rows.slice(from),
      cells: evaluation.right.map((right, i) => 2 * parts[i] + right),
      said: evaluation.said.slice(),
      sure: evaluation.sure.slice(),
      // Tokens on a circle are those of arithmetic.
      circles: table.symmetry ? circlesOf(embedding, table.tokens, CIRCLES) : [],
    };
  }

  /** The run as a file that the library reads (`grokmodels.studies.read_page_run`). */
  written() {
    const { recipe, courses, rows } = this;
    const experiment = {
      ...recipe,
      optimizer: {
        ...recipe.optimizer,
        learning_rate: courses.learning_rate.base,
        learning_rate_schedule: courses.learning_rate.schedule,
        weight_decay: courses.weight_decay.base,
        weight_decay_schedule: courses.weight_decay.schedule,
      },
      batch_size_schedule: courses.batch_size.schedule,
      data_schedule: courses.data_share.schedule,
      // To the last evaluation, so that it is the whole of this run.
      steps: Math.max(1, rows[rows.length - 1].step ?? 0),
      stop_when_generalized: false,
    };
    const names = Object.keys(rows[0]);
    const history = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
    const status = this.status === "diverged" ? "diverged" : "finished";
    return { format: FORMAT, experiment, status, history, train: this.split.train };
  }
}
