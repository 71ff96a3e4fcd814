// @ts-check
/**
 * The parts of the transformer. Each keeps what its backward pass needs, for up to so many rows; `dx` and the like are
 * gradients. Addresses are those of the memory, and matrices are rows of numbers.
 *
 * @typedef {{weight: number, gradient: number, rows: number, columns: number}} Place  of a parameter, or of several that
 *   lie one after the other
 */

/** A linear map without bias. */
class Linear {
  /** @param {Memory} memory @param {Place} place */
  constructor(memory, place) {
    this.kernels = memory.kernels;
    this.place = place;
    this.transposed = memory.take(place.rows * place.columns);
  }

  /** Follow the weights, after every update. */
  refresh() {
    const { weight, rows, columns } = this.place;
    this.kernels.transpose(weight, this.transposed, rows, columns);
  }

  /** out (n, rows) = x (n, columns) · weightᵀ, added to what is there if `add`.
   * @param {number} x @param {number} out @param {number} n @param {number} add */
  forward(x, out, n, add = 0) {
    const { rows, columns } = this.place;
    this.kernels.product(x, columns, 1, this.transposed, rows, out, rows, n, columns, rows, add);
  }

  /** Adds to the gradient of the weight what dy (n, rows) makes of x; dx (n, columns) = dy · weight, likewise added.
   * @param {number} dy @param {number} x @param {number} dx @param {number} n @param {number} add */
  backward(dy, x, dx, n, add = 0) {
    const { weight, gradient, rows, columns } = this.place;
    this.kernels.product(dy, 1, rows, x, columns, gradient, columns, rows, n, columns, 1);
    this.kernels.product(dy, rows, 1, weight, columns, dx, columns, n, rows, columns, add);
  }
}

/** LayerNorm, or a copy where there are no gains. */
class Norm {
  /** @param {Memory} memory @param {Place | null} gains @param {number} rows @param {number} width */
  constructor(memory, gains, rows, width) {
    this.memory = memory;
    this.gains = gains;
    this.width = width;
    this.out = memory.take(rows * width);
    this.dout = memory.take(rows * width);
    this.unit = memory.take(gains ? rows * width : 0);
    this.inverse = memory.take(gains ? rows : 0);
  }

  /** From x (n, width) to `out`. @param {number} x @param {number} n */
  forward(x, n) {
    if (!this.gains) return this.memory.copy(x, this.out, n * this.width);
    this.memory.kernels.norm(x, this.gains.weight, this.unit, this.inverse, this.out, n, this.width);
  }

  /** Adds to dx what `dout` makes of it. @param {number} dx @param {number} n */
  backward(dx, n) {
    const { kernels } = this.memory;
    if (!this.gains) return kernels.add_scaled(dx, this.dout, n * this.width, 1);
    const { weight, gradient } = this.gains;
    kernels.norm_backward(this.dout, this.unit, this.inverse, weight, dx, gradient, n, this.width);
  }
}

/** What a layer does with what a position has seen: x + output(mixed), then x + mlp(norm(x)). */
class Branches {
  /** @param {Memory} memory @param {{output: Linear, mlpIn: Linear, mlpOut: Linear}} maps @param {Place | null} gains
   * @param {number} rows @param {number} width */
  constructor(memory, maps, gains, rows, width) {
    this.kernels = memory.kernels;
    this.maps = maps;
    this.norm = new Norm(memory, gains, rows, width);
    this.units = MLP_RATIO * width;
    this.hidden = memory.take(rows * this.units);
    this.dhidden = memory.take(rows * this.units);
  }

  /** Changes x (n, width) in place. @param {number} x @param {number} mixed @param {number} n */
  forward(x, mixed, n) {
    const { output, mlpIn, mlpOut } = this.maps;
    output.forward(mixed, x, n, 1);
    this.norm.forward(x, n);
    mlpIn.forward(this.norm.out, this.hidden, n);
    this.kernels.relu(this.hidden, n * this.units);
    mlpOut.forward(this.hidden, x, n, 1);
  }

  /** Changes dx (n, width) in place, and puts dmixed. @param {number} dx @param {number} mixed @param {number} dmixed
   * @param {number} n */
  backward(dx, mixed, dmixed, n) {
    const { output, mlpIn, mlpOut } = this.maps;
    mlpOut.backward(dx, this.hidden, this.dhidden, n);
    this.kernels.relu_backward(this.dhidden, this.hidden, n * this.units);
    mlpIn.backward(this.dhidden, this.norm.out, this.norm.dout, n);
    this.norm.backward(dx, n);
    output.backward(dx, mixed, dmixed, n);
  }
}
