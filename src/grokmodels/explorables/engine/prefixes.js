// @ts-check
/**
 * What a causal network computes of some inputs: a position depends on the tokens up to it, so there is one row for each
 * distinct prefix. The inputs come first, in their order; then their other prefixes, longer ones first.
 *
 * A `Reading` says which rows a layer makes of those that enter it: `n` of them, each of the row `own` (n) and looking at
 * the rows `seen` (n, length), of which it has `depth` (n). There are `entering` rows, and the first `asking` may look at
 * others than themselves.
 *
 * @typedef {{own: number, seen: number, depth: number, n: number, entering: number, asking: number}} Reading
 */
class Prefixes {
  /** @param {Memory} memory @param {Table} table */
  constructor(memory, { inputs, tokens }) {
    this.memory = memory;
    this.tokens = tokens;
    this.length = Math.max(...inputs.map((input) => input.length));
    /** Rows of prefixes, by their number. */
    this.rowOf = new Int32Array((tokens + 1) ** (this.length - 1)).fill(-1);
    /** The most rows that ROWS inputs can have. */
    const shorter = inputs.flatMap((input) => input.slice(1).map((_, j) => this.#number(input, j + 1)));
    this.rows = ROWS + new Set(shorter).size;
    const places = () => ({ own: memory.take(this.rows), seen: memory.take(this.rows * this.length) });
    this.depth = memory.take(this.rows);
    // Before the first layer rows are those of a token at a position, last positions first, and then of a prefix.
    this.byToken = places();
    this.byPrefix = places();
    memory.ints(this.byPrefix.own, this.rows).forEach((_, row, rows) => {
      rows[row] = row;
    });
    this.inputs = 0;
    this.count = 0;
    this.alone = 0;
  }

  /** Find the rows of up to ROWS inputs. @param {number[][]} inputs  their tokens, of each more than one */
  read(inputs) {
    const { memory, length, tokens, rowOf, byToken, byPrefix } = this;
    const others = this.#others(inputs);
    this.inputs = inputs.length;
    this.count = inputs.length + others.length;
    this.alone = others.filter((prefix) => prefix.length === 1).length;
    const depth = memory.ints(this.depth, this.count);
    const own = memory.ints(byToken.own, this.count);
    const [token, prefix] = [byToken, byPrefix].map(({ seen }) => memory.ints(seen, this.count * length));
    for (let row = 0; row < this.count; row++) {
      const read = row < inputs.length ? inputs[row] : others[row - inputs.length];
      const last = read.length - 1;
      let number = 0;
      for (let j = 0; j <= last; j++) {
        number = number * (tokens + 1) + read[j] + 1;
        token[row * length + j] = (length - 1 - j) * tokens + read[j];
        prefix[row * length + j] = j < last ? rowOf[number] : row;
      }
      depth[row] = read.length;
      own[row] = token[row * length + last];
    }
  }

  /** How a layer reads what enters it. @param {boolean} isFirst @param {boolean} isLast @returns {Reading} */
  reading(isFirst, isLast) {
    const { tokens, length, depth, count, inputs } = this;
    const n = isLast ? inputs : count;
    if (isFirst) return { ...this.byToken, depth, n, entering: length * tokens, asking: (length - 1) * tokens };
    return { ...this.byPrefix, depth, n, entering: count, asking: Math.min(n, count - this.alone) };
  }

  /** The prefixes of some inputs that are none of them, longer ones first; notes the row of each.
   * @param {number[][]} inputs @returns {number[][]} */
  #others(inputs) {
    const { length, rowOf } = this;
    rowOf.fill(-1);
    for (const [row, input] of inputs.entries()) {
      if (input.length < length) rowOf[this.#number(input, input.length)] = row;
    }
    /** @type {number[][]} */
    const others = [];
    for (let depth = length - 1; depth > 0; depth--) {
      for (const input of inputs) {
        if (input.length <= depth) continue;
        const number = this.#number(input, depth);
        if (rowOf[number] >= 0) continue;
        rowOf[number] = inputs.length + others.length;
        others.push(input.slice(0, depth));
      }
    }
    return others;
  }

  /** The number of a prefix, from 1. @param {number[]} input @param {number} depth */
  #number(input, depth) {
    let number = 0;
    for (let j = 0; j < depth; j++) number = number * (this.tokens + 1) + input[j] + 1;
    return number;
  }
}
