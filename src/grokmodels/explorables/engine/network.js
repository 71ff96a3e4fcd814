// @ts-check
/**
 * The transformer of the library, causal and without biases, that answers at the last of a few tokens: the necessary
 * rows only (`prefixes.js`), and a backward pass written out. Names and order of the parameters are those of the library,
 * whose forward pass and gradients are the oracle of the tests.
 *
 * Inputs may differ in length: where the library fills up the shorter ones at their start, nothing looks at the padding,
 * and positions count from the first token, so that they are the same without it.
 *
 * @typedef {{layers: number, width: number, heads: number, norm: "pre" | "none"}} Architecture
 * @typedef {{name: string, at: number, rows: number, columns: number}} Parameter  `at` counts numbers; a vector has 1 row
 */

const MLP_RATIO = 4;
// Examples that go through the network at a time.
const ROWS = 1024;

/** Every parameter, in the order of the library. @param {Architecture} arch
 * @param {{tokens: number, classes: number, length: number}} sizes @returns {Parameter[]} */
function layoutOf({ layers, width, norm }, { tokens, classes, length }) {
  const shape = (/** @type {string} */ name, rows = width, columns = width) => ({ name, rows, columns });
  const gains = (/** @type {string} */ name) => (norm === "pre" ? [shape(`${name}.weight`, 1, width)] : []);
  const block = (/** @type {string} */ name) => [
    ...gains(`${name}.norm1`),
    ...["query", "key", "value", "output"].map((part) => shape(`${name}.${part}.weight`)),
    ...gains(`${name}.norm2`),
    shape(`${name}.mlp_in.weight`, MLP_RATIO * width),
    shape(`${name}.mlp_out.weight`, width, MLP_RATIO * width),
  ];
  const shapes = [
    shape("embedding", tokens),
    shape("position", length),
    ...Array.from({ length: layers }, (_, layer) => block(`blocks.${layer}`)).flat(),
    ...gains("norm"),
    shape("unembedding.weight", classes),
  ];
  let next = 0;
  return shapes.map((each) => {
    const at = next;
    next += each.rows * each.columns;
    return { ...each, at };
  });
}

/** One layer. */
class Block {
  /** @param {Memory} memory @param {Architecture} arch @param {number} layer @param {Prefixes} prefixes
   * @param {(first: string, count?: number) => Place | null} place */
  constructor(memory, { width, heads, layers }, layer, prefixes, place) {
    const named = (/** @type {string} */ name, count = 1) => place(`blocks.${layer}.${name}.weight`, count);
    const linear = (/** @type {string} */ name, count = 1) =>
      new Linear(memory, /** @type {Place} */ (named(name, count)));
    this.memory = memory;
    this.width = width;
    this.heads = heads;
    this.prefixes = prefixes;
    this.isFirst = layer === 0;
    this.isLast = layer === layers - 1;
    const entering = this.isFirst ? prefixes.length * prefixes.tokens : prefixes.rows;
    const rows = this.isLast ? ROWS : prefixes.rows;
    const maps = { output: linear("output"), mlpIn: linear("mlp_in"), mlpOut: linear("mlp_out") };
    this.query = linear("query");
    this.keyValue = linear("key", 2);
    this.linears = [this.query, this.keyValue, ...Object.values(maps)];
    this.norm = new Norm(memory, named("norm1"), entering, width);
    this.branches = new Branches(memory, maps, named("norm2"), rows, width);
    this.queries = memory.take(entering * width);
    this.dqueries = memory.take(entering * width);
    this.kv = memory.take(2 * entering * width);
    this.dkv = memory.take(2 * entering * width);
    this.weights = memory.take(rows * heads * (prefixes.length - 1));
    this.mixed = memory.take(rows * width);
    this.dmixed = memory.take(rows * width);
    /** The stream after this layer. */
    this.out = memory.take(rows * width);
    this.dout = memory.take(rows * width);
  }

  get reading() {
    return this.prefixes.reading(this.isFirst, this.isLast);
  }

  /** From a stream (entering, width) to `out`. @param {number} stream */
  forward(stream) {
    const { memory, width, heads, norm, queries, kv, mixed, out } = this;
    const { length } = this.prefixes;
    const { own, seen, depth, n, entering, asking } = this.reading;
    norm.forward(stream, entering);
    this.query.forward(norm.out, queries, asking);
    this.keyValue.forward(norm.out, kv, entering);
    memory.kernels.attend(queries, own, kv, seen, depth, this.weights, mixed, n, width, heads, length);
    memory.kernels.gather(stream, own, out, n, width);
    this.branches.forward(out, mixed, n);
  }

  /** Adds to the gradient of the stream what `dout` makes of it; `dout` is overwritten. @param {number} dstream */
  backward(dstream) {
    const { memory, width, heads, norm, queries, dqueries, kv, dkv, weights, dmixed, dout } = this;
    const { length } = this.prefixes;
    const { own, seen, depth, n, entering, asking } = this.reading;
    this.branches.backward(dout, this.mixed, dmixed, n);
    memory.kernels.scatter(dout, own, dstream, n, width);
    memory.clear(dqueries, asking * width);
    memory.clear(dkv, 2 * entering * width);
    memory.kernels.attend_backward(
      dmixed,
      queries,
      own,
      kv,
      seen,
      depth,
      weights,
      dqueries,
      dkv,
      n,
      width,
      heads,
      length,
    );
    memory.clear(norm.dout, entering * width);
    this.query.backward(dqueries, norm.out, norm.dout, asking, 1);
    this.keyValue.backward(dkv, norm.out, norm.dout, entering, 1);
    norm.backward(dstream, entering);
  }
}

class Network {
  /** @param {Memory} memory @param {Architecture} arch @param {Table} table */
  constructor(memory, arch, table) {
    this.memory = memory;
    this.width = arch.width;
    this.table = table;
    this.prefixes = new Prefixes(memory, table);
    const { length } = this.prefixes;
    this.layout = layoutOf(arch, { ...table, length });
    const last = this.layout[this.layout.length - 1];
    this.size = last.at + last.rows * last.columns;
    this.weights = memory.take(this.size);
    this.gradients = memory.take(this.size);
    const place = (/** @type {string} */ name, count = 1) => {
      const index = this.layout.findIndex((parameter) => parameter.name === name);
      if (index < 0) return null;
      const { at, rows, columns } = this.layout[index];
      return { weight: this.weights + 4 * at, gradient: this.gradients + 4 * at, rows: count * rows, columns };
    };
    this.embedding = /** @type {Place} */ (place("embedding"));
    this.position = /** @type {Place} */ (place("position"));
    this.blocks = Array.from(
      { length: arch.layers },
      (_, layer) => new Block(memory, arch, layer, this.prefixes, place),
    );
    this.norm = new Norm(memory, place("norm.weight"), ROWS, arch.width);
    this.unembedding = new Linear(memory, /** @type {Place} */ (place("unembedding.weight")));
    this.linears = [...this.blocks.flatMap((block) => block.linears), this.unembedding];
    /** Tokens at positions, last positions first. */
    this.stream = memory.take(length * table.tokens * arch.width);
    this.dstream = memory.take(length * table.tokens * arch.width);
    /** Logits (n, classes), and afterwards their gradient. */
    this.logits = memory.take(ROWS * table.classes);
  }

  /** Draw the weights as the library does: entries of variance scale² / columns, gains of one.
   * @param {number} scale @param {Random} random */
  initialize(scale, random) {
    for (const { name, at, rows, columns } of this.layout) {
      const values = this.memory.floats(this.weights + 4 * at, rows * columns);
      const draw = name.includes("norm") ? () => 1 : () => (random.normal() * scale) / Math.sqrt(columns);
      for (let i = 0; i < values.length; i++) values[i] = draw();
    }
    this.refresh();
  }

  /** Follow the weights, after every update. */
  refresh() {
    for (const linear of this.linears) linear.refresh();
    const { memory, width, table } = this;
    const rows = table.tokens * width;
    this.#positions((position, at) => {
      memory.copy(this.embedding.weight, this.stream + at, rows);
      for (let a = 0; a < rows; a += width) {
        memory.kernels.add_scaled(this.stream + at + 4 * a, this.position.weight + position, width, 1);
      }
    });
  }

  /** Logits of up to ROWS inputs of the table, by number. @param {number[]} inputs */
  forward(inputs) {
    this.prefixes.read(inputs.map((input) => this.table.inputs[input]));
    let stream = this.stream;
    for (const block of this.blocks) {
      block.forward(stream);
      stream = block.out;
    }
    this.norm.forward(stream, inputs.length);
    this.unembedding.forward(this.norm.out, this.logits, inputs.length);
  }

  /** Adds to the gradients what the gradient of the logits, of the inputs read last, makes of them. */
  backward() {
    const { memory, width, table, blocks, dstream } = this;
    const { inputs, length } = this.prefixes;
    const rows = table.tokens * width;
    for (const block of blocks) memory.clear(block.dout, block.reading.n * width);
    memory.clear(dstream, length * rows);
    this.unembedding.backward(this.logits, this.norm.out, this.norm.dout, inputs);
    this.norm.backward(blocks[blocks.length - 1].dout, inputs);
    for (let layer = blocks.length - 1; layer >= 0; layer--) {
      blocks[layer].backward(layer ? blocks[layer - 1].dout : dstream);
    }
    this.#positions((position, at) => {
      memory.kernels.add_scaled(this.embedding.gradient, dstream + at, rows, 1);
      for (let a = 0; a < rows; a += width) {
        memory.kernels.add_scaled(this.position.gradient + position, dstream + at + 4 * a, width, 1);
      }
    });
  }

  /** For every position, where its embedding lies, and the tokens at it in a stream.
   * @param {(position: number, at: number) => void} visit */
  #positions(visit) {
    const { length, tokens } = this.prefixes;
    for (let j = 0; j < length; j++) visit(4 * j * this.width, 4 * (length - 1 - j) * tokens * this.width);
  }
}
