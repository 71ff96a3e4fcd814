// @ts-check
/**
 * The transformer of the library on two tokens, causal and without biases: the necessary rows only, and a backward pass
 * written out. Names and order of the parameters are those of the library, whose forward pass and gradients are the
 * oracle of the tests.
 *
 * The first position sees itself only, so it has p distinct rows, one for each first token. The second position has a row
 * for each of p tokens before the first layer, which examples read by number, and one for each example after it.
 *
 * @typedef {{layers: number, width: number, heads: number, norm: "pre" | "none"}} Architecture
 * @typedef {{name: string, at: number, rows: number, columns: number}} Parameter  `at` counts numbers; a vector has 1 row
 */

const MLP_RATIO = 4;
// Examples that go through the network at a time.
const ROWS = 1024;

/** Every parameter, in the order of the library. @param {Architecture} arch @param {number} p @returns {Parameter[]} */
function layoutOf({ layers, width, norm }, p) {
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
    shape("embedding", p),
    shape("position", 2),
    ...Array.from({ length: layers }, (_, layer) => block(`blocks.${layer}`)).flat(),
    ...gains("norm"),
    shape("unembedding.weight", p),
  ];
  let next = 0;
  return shapes.map((each) => {
    const at = next;
    next += each.rows * each.columns;
    return { ...each, at };
  });
}

/** One layer, at both positions. */
class Block {
  /** @param {Memory} memory @param {Architecture} arch @param {number} layer @param {number} p
   * @param {(first: string, count?: number) => Place | null} place */
  constructor(memory, { width, heads, layers }, layer, p, place) {
    const named = (/** @type {string} */ name, count = 1) => place(`blocks.${layer}.${name}.weight`, count);
    const linear = (/** @type {string} */ name, count = 1) =>
      new Linear(memory, /** @type {Place} */ (named(name, count)));
    this.memory = memory;
    this.width = width;
    this.heads = heads;
    this.p = p;
    this.isFirst = layer === 0;
    this.isLast = layer === layers - 1;
    const entering = this.isFirst ? p : ROWS;
    this.norms = [new Norm(memory, named("norm1"), p, width), new Norm(memory, named("norm1"), entering, width)];
    this.keysAndValues = linear("key", 2);
    this.queriesKeysValues = linear("query", 3);
    const maps = { output: linear("output"), mlpIn: linear("mlp_in"), mlpOut: linear("mlp_out") };
    this.linears = [this.keysAndValues, this.queriesKeysValues, ...Object.values(maps)];
    this.branches = [p, ROWS].map((rows) => new Branches(memory, maps, named("norm2"), rows, width));
    const take = (/** @type {number} */ rows, /** @type {number} */ columns) => memory.take(rows * columns);
    this.kv = take(p, 2 * width);
    this.dkv = take(p, 2 * width);
    this.qkv = take(entering, 3 * width);
    this.dqkv = take(entering, 3 * width);
    this.second = take(ROWS, heads);
    this.mixed = take(ROWS, width);
    this.dmixed = take(ROWS, width);
    // The stream after this layer, at the first and the second position.
    this.out = [take(p, width), take(ROWS, width)];
    this.dout = [take(p, width), take(ROWS, width)];
  }

  /** From the streams (p, width) and (p or n, width) to `out`; `own` are the rows that examples read of the second.
   * @param {number[]} streams @param {number} first @param {number} own @param {number} n */
  forward(streams, first, own, n) {
    const { memory, width, heads, p, norms, out } = this;
    const entering = this.isFirst ? p : n;
    norms[0].forward(streams[0], p);
    norms[1].forward(streams[1], entering);
    this.keysAndValues.forward(norms[0].out, this.kv, p);
    this.queriesKeysValues.forward(norms[1].out, this.qkv, entering);
    memory.kernels.attend(this.kv, first, this.qkv, own, this.second, this.mixed, n, width, heads);
    memory.kernels.gather(streams[1], own, out[1], n, width);
    this.branches[1].forward(out[1], this.mixed, n);
    if (this.isLast) return;
    memory.copy(streams[0], out[0], p * width);
    // Who sees one position only gives it all its attention.
    this.branches[0].forward(out[0], this.kv + 4 * width, p, 2 * width);
  }

  /** Adds to the gradients of the streams what `dout` makes of them; `dout` is overwritten.
   * @param {number[]} dstreams @param {number} first @param {number} own @param {number} n */
  backward(dstreams, first, own, n) {
    const { memory, width, heads, p, norms, dout } = this;
    const { kernels } = memory;
    const entering = this.isFirst ? p : n;
    memory.clear(this.dkv, 2 * p * width);
    memory.clear(this.dqkv, 3 * entering * width);
    this.branches[1].backward(dout[1], this.mixed, this.dmixed, n);
    kernels.scatter(dout[1], own, dstreams[1], n, width);
    kernels.attend_backward(
      this.dmixed,
      this.kv,
      first,
      this.qkv,
      own,
      this.second,
      this.dkv,
      this.dqkv,
      n,
      width,
      heads,
    );
    if (!this.isLast) {
      this.branches[0].backward(dout[0], this.kv + 4 * width, this.dkv + 4 * width, p, 1, 2 * width);
      kernels.add_scaled(dstreams[0], dout[0], p * width, 1);
    }
    this.queriesKeysValues.backward(this.dqkv, norms[1].out, norms[1].dout, entering);
    norms[1].backward(dstreams[1], entering);
    this.keysAndValues.backward(this.dkv, norms[0].out, norms[0].dout, p);
    norms[0].backward(dstreams[0], p);
  }
}

class Network {
  /** @param {Memory} memory @param {Architecture} arch @param {number} p */
  constructor(memory, arch, p) {
    this.memory = memory;
    this.width = arch.width;
    this.p = p;
    this.layout = layoutOf(arch, p);
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
    this.blocks = Array.from({ length: arch.layers }, (_, layer) => new Block(memory, arch, layer, p, place));
    this.norm = new Norm(memory, place("norm.weight"), ROWS, arch.width);
    this.unembedding = new Linear(memory, /** @type {Place} */ (place("unembedding.weight")));
    this.linears = [...this.blocks.flatMap((block) => block.linears), this.unembedding];
    this.streams = [memory.take(p * arch.width), memory.take(p * arch.width)];
    this.dstreams = [memory.take(p * arch.width), memory.take(p * arch.width)];
    /** Logits (n, p), and afterwards their gradient. */
    this.logits = memory.take(ROWS * p);
    // The rows that examples read at both positions: by token, and once a row stands for an example, in order.
    this.first = memory.take(ROWS);
    this.second = memory.take(ROWS);
    this.inOrder = memory.take(ROWS);
    memory.ints(this.inOrder, ROWS).forEach((_, i, rows) => {
      rows[i] = i;
    });
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
    const { memory, width, p } = this;
    const [embedding, position] = [this.embedding.weight, this.position.weight];
    for (const [j, stream] of this.streams.entries()) {
      memory.copy(embedding, stream, p * width);
      for (let a = 0; a < p; a++) memory.kernels.add_scaled(stream + 4 * a * width, position + 4 * j * width, width, 1);
    }
  }

  /** Logits of up to ROWS inputs, pairs numbered a · p + b. @param {ArrayLike<number>} inputs */
  forward(inputs) {
    const { memory, p } = this;
    const n = inputs.length;
    const [first, second] = [memory.ints(this.first, n), memory.ints(this.second, n)];
    for (let i = 0; i < n; i++) {
      first[i] = Math.floor(inputs[i] / p);
      second[i] = inputs[i] % p;
    }
    let streams = this.streams;
    for (const block of this.blocks) {
      block.forward(streams, this.first, block.isFirst ? this.second : this.inOrder, n);
      streams = block.out;
    }
    this.norm.forward(streams[1], n);
    this.unembedding.forward(this.norm.out, this.logits, n);
  }

  /** Adds to the gradients what the gradient of the logits (n, p), of the inputs read last, makes of them.
   * @param {number} n */
  backward(n) {
    const { memory, width, p, blocks } = this;
    const last = blocks[blocks.length - 1];
    for (const block of blocks) for (const [j, rows] of [p, n].entries()) memory.clear(block.dout[j], rows * width);
    for (const stream of this.dstreams) memory.clear(stream, p * width);
    this.unembedding.backward(this.logits, this.norm.out, this.norm.dout, n);
    this.norm.backward(last.dout[1], n);
    for (let layer = blocks.length - 1; layer >= 0; layer--) {
      const below = layer ? blocks[layer - 1].dout : this.dstreams;
      blocks[layer].backward(below, this.first, layer ? this.inOrder : this.second, n);
    }
    const [embedding, position] = [this.embedding.gradient, this.position.gradient];
    for (const [j, stream] of this.dstreams.entries()) {
      memory.kernels.add_scaled(embedding, stream, p * width, 1);
      for (let a = 0; a < p; a++) memory.kernels.add_scaled(position + 4 * j * width, stream + 4 * a * width, width, 1);
    }
  }
}
