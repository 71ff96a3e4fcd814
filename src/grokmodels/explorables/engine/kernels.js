// @ts-check
/**
 * The arithmetic of the engine. WebAssembly (kernels.c) does it four numbers at a time; where that cannot be had, the
 * same functions in plain JavaScript do it. All take byte addresses of a memory, as kernels.c explains them.
 *
 * @typedef {(a: number, ai: number, al: number, b: number, bl: number, out: number, oi: number, n: number, k: number,
 *   m: number, add: number) => void} Product
 * @typedef {{
 *   product: Product,
 *   transpose: (a: number, out: number, rows: number, columns: number) => void,
 *   norm: (x: number, gain: number, unit: number, inverse: number, out: number, n: number, d: number) => void,
 *   norm_backward: (dy: number, unit: number, inverse: number, gain: number, dx: number, dgain: number, n: number,
 *     d: number) => void,
 *   relu: (x: number, n: number) => void,
 *   relu_backward: (dx: number, x: number, n: number) => void,
 *   gather: (x: number, rows: number, out: number, n: number, d: number) => void,
 *   scatter: (y: number, rows: number, x: number, n: number, d: number) => void,
 *   attend: (queries: number, own: number, kv: number, seen: number, depth: number, weights: number, mixed: number,
 *     n: number, d: number, heads: number, length: number) => void,
 *   attend_backward: (dmixed: number, queries: number, own: number, kv: number, seen: number, depth: number,
 *     weights: number, dqueries: number, dkv: number, n: number, d: number, heads: number, length: number) => void,
 *   softmax_gradient: (logits: number, labels: number, n: number, c: number, scale: number) => void,
 *   scale: (x: number, n: number, factor: number) => void,
 *   add_scaled: (x: number, y: number, n: number, factor: number) => void,
 *   adam: (weights: number, gradient: number, first: number, second: number, n: number, beta1: number, beta2: number,
 *     rate: number, correction: number, epsilon: number) => void,
 * }} Kernels
 */

/** @param {Uint8Array<ArrayBuffer>} module  what kernels.wasm holds @param {WebAssembly.Memory} memory @returns {Kernels} */
function compiledKernels(module, memory) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } });
  return /** @type {any} */ (exports);
}

/** @param {ArrayBuffer} buffer @returns {Kernels} */
function plainKernels(buffer) {
  const x = new Float32Array(buffer);
  const whole = new Int32Array(buffer);

  /** @type {Product} */
  function product(a, ai, al, b, bl, out, oi, n, k, m, add) {
    [a, b, out] = [a >> 2, b >> 2, out >> 2];
    let j = 0;
    for (; j + 4 <= m; j += 4) {
      let i = 0;
      for (; i + 2 <= n; i += 2) tile(a + i * ai, ai, al, b + j, bl, out + i * oi + j, oi, k, add);
      if (i < n) for (let c = j; c < j + 4; c++) cell(a + i * ai, al, b + c, bl, out + i * oi + c, k, add);
    }
    for (; j < m; j++) for (let i = 0; i < n; i++) cell(a + i * ai, al, b + j, bl, out + i * oi + j, k, add);
  }

  /** One entry. @param {number} a @param {number} al @param {number} b @param {number} bl @param {number} out
   * @param {number} k @param {number} add */
  function cell(a, al, b, bl, out, k, add) {
    let sum = add ? x[out] : 0;
    for (let l = 0; l < k; l++) sum += x[a + l * al] * x[b + l * bl];
    x[out] = sum;
  }

  /** Two rows of four entries, kept in registers while all of the sum passes. @param {number} a @param {number} ai
   * @param {number} al @param {number} b @param {number} bl @param {number} out @param {number} oi @param {number} k
   * @param {number} add */
  function tile(a, ai, al, b, bl, out, oi, k, add) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let t0 = 0;
    let t1 = 0;
    let t2 = 0;
    let t3 = 0;
    for (let l = 0; l < k; l++, a += al, b += bl) {
      const s = x[a];
      const t = x[a + ai];
      s0 += s * x[b];
      s1 += s * x[b + 1];
      s2 += s * x[b + 2];
      s3 += s * x[b + 3];
      t0 += t * x[b];
      t1 += t * x[b + 1];
      t2 += t * x[b + 2];
      t3 += t * x[b + 3];
    }
    const next = out + oi;
    x[out] = s0 + (add ? x[out] : 0);
    x[out + 1] = s1 + (add ? x[out + 1] : 0);
    x[out + 2] = s2 + (add ? x[out + 2] : 0);
    x[out + 3] = s3 + (add ? x[out + 3] : 0);
    x[next] = t0 + (add ? x[next] : 0);
    x[next + 1] = t1 + (add ? x[next + 1] : 0);
    x[next + 2] = t2 + (add ? x[next + 2] : 0);
    x[next + 3] = t3 + (add ? x[next + 3] : 0);
  }

  return {
    product,
    transpose(a, out, rows, columns) {
      [a, out] = [a >> 2, out >> 2];
      for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) x[out + j * rows + i] = x[a + i * columns + j];
    },
    norm(from, gain, unit, inverse, out, n, d) {
      [from, gain, unit, inverse, out] = [from >> 2, gain >> 2, unit >> 2, inverse >> 2, out >> 2];
      for (let i = 0; i < n; i++, from += d, unit += d, out += d) {
        let [mean, variance] = [0, 0];
        for (let j = 0; j < d; j++) mean += x[from + j];
        mean /= d;
        for (let j = 0; j < d; j++) variance += (x[from + j] - mean) ** 2;
        x[inverse + i] = 1 / Math.sqrt(variance / d + 1e-5);
        for (let j = 0; j < d; j++) {
          x[unit + j] = (x[from + j] - mean) * x[inverse + i];
          x[out + j] = x[unit + j] * x[gain + j];
        }
      }
    },
    norm_backward(dy, unit, inverse, gain, dx, dgain, n, d) {
      [dy, unit, inverse, gain, dx, dgain] = [dy >> 2, unit >> 2, inverse >> 2, gain >> 2, dx >> 2, dgain >> 2];
      for (let i = 0; i < n; i++, dy += d, unit += d, dx += d) {
        let [mean, along] = [0, 0];
        for (let j = 0; j < d; j++) {
          x[dgain + j] += x[dy + j] * x[unit + j];
          x[dy + j] *= x[gain + j];
          mean += x[dy + j];
          along += x[dy + j] * x[unit + j];
        }
        mean /= d;
        along /= d;
        for (let j = 0; j < d; j++) x[dx + j] += (x[dy + j] - mean - x[unit + j] * along) * x[inverse + i];
      }
    },
    relu(at, n) {
      at >>= 2;
      for (let i = at; i < at + n; i++) if (x[i] < 0) x[i] = 0;
    },
    relu_backward(dx, at, n) {
      [dx, at] = [dx >> 2, at >> 2];
      for (let i = 0; i < n; i++) if (!(x[at + i] > 0)) x[dx + i] = 0;
    },
    gather(from, rows, out, n, d) {
      [from, rows, out] = [from >> 2, rows >> 2, out >> 2];
      for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) x[out + i * d + j] = x[from + whole[rows + i] * d + j];
    },
    scatter(y, rows, to, n, d) {
      [y, rows, to] = [y >> 2, rows >> 2, to >> 2];
      for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) x[to + whole[rows + i] * d + j] += x[y + i * d + j];
    },
    attend(queries, own, kv, seen, depth, weights, mixed, n, d, heads, length) {
      [queries, own, kv, seen] = [queries >> 2, own >> 2, kv >> 2, seen >> 2];
      [depth, weights, mixed] = [depth >> 2, weights >> 2, mixed >> 2];
      const width = d / heads;
      for (let i = 0; i < n; i++, seen += length, mixed += d) {
        const q = queries + whole[own + i] * d;
        const k0 = kv + whole[seen] * 2 * d;
        const last = whole[depth + i] - 1;
        for (let h = 0; h < heads; h++, weights += length - 1) {
          const [begin, end] = [h * width, (h + 1) * width];
          let most = 0;
          for (let t = 0; t < last; t++) {
            const k = kv + whole[seen + t + 1] * 2 * d;
            let lead = 0;
            for (let j = begin; j < end; j++) lead += x[q + j] * (x[k + j] - x[k0 + j]);
            x[weights + t] = lead / Math.sqrt(width);
            most = Math.max(most, x[weights + t]);
          }
          let sum = Math.exp(-most);
          for (let t = 0; t < last; t++) sum += x[weights + t] = Math.exp(x[weights + t] - most);
          for (let j = begin; j < end; j++) x[mixed + j] = x[k0 + d + j];
          for (let t = 0; t < last; t++) {
            const v = kv + whole[seen + t + 1] * 2 * d + d;
            const w = x[weights + t] / sum;
            x[weights + t] = w;
            for (let j = begin; j < end; j++) x[mixed + j] += w * (x[v + j] - x[k0 + d + j]);
          }
        }
      }
    },
    attend_backward(dmixed, queries, own, kv, seen, depth, weights, dqueries, dkv, n, d, heads, length) {
      [dmixed, queries, own, kv] = [dmixed >> 2, queries >> 2, own >> 2, kv >> 2];
      [seen, depth, weights, dqueries, dkv] = [seen >> 2, depth >> 2, weights >> 2, dqueries >> 2, dkv >> 2];
      const width = d / heads;
      const along = new Float64Array(length);
      for (let i = 0; i < n; i++, seen += length, dmixed += d) {
        const [q, dq] = [queries + whole[own + i] * d, dqueries + whole[own + i] * d];
        const [k0, dk0] = [kv + whole[seen] * 2 * d, dkv + whole[seen] * 2 * d];
        const last = whole[depth + i] - 1;
        for (let h = 0; h < heads; h++, weights += length - 1) {
          const [begin, end] = [h * width, (h + 1) * width];
          let [first, mean] = [1, 0];
          for (let t = 0; t < last; t++) {
            const v = kv + whole[seen + t + 1] * 2 * d + d;
            along[t] = 0;
            for (let j = begin; j < end; j++) along[t] += x[dmixed + j] * (x[v + j] - x[k0 + d + j]);
            mean += along[t] * x[weights + t];
            first -= x[weights + t];
          }
          for (let t = 0; t < last; t++) {
            const row = whole[seen + t + 1] * 2 * d;
            const [k, dk, w] = [kv + row, dkv + row, x[weights + t]];
            const lead = (w * (along[t] - mean)) / Math.sqrt(width);
            for (let j = begin; j < end; j++) {
              x[dq + j] += lead * (x[k + j] - x[k0 + j]);
              x[dk + j] += lead * x[q + j];
              x[dk0 + j] -= lead * x[q + j];
              x[dk + d + j] += w * x[dmixed + j];
            }
          }
          for (let j = begin; j < end; j++) x[dk0 + d + j] += first * x[dmixed + j];
        }
      }
    },
    softmax_gradient(logits, labels, n, c, scale) {
      [logits, labels] = [logits >> 2, labels >> 2];
      for (let i = 0; i < n; i++, logits += c) {
        let [most, sum] = [-Infinity, 0];
        for (let j = 0; j < c; j++) most = Math.max(most, x[logits + j]);
        for (let j = 0; j < c; j++) x[logits + j] = Math.exp(x[logits + j] - most);
        for (let j = 0; j < c; j++) sum += x[logits + j];
        for (let j = 0; j < c; j++) x[logits + j] *= scale / sum;
        x[logits + whole[labels + i]] -= scale;
      }
    },
    scale(at, n, factor) {
      at >>= 2;
      for (let i = at; i < at + n; i++) x[i] *= factor;
    },
    add_scaled(to, y, n, factor) {
      [to, y] = [to >> 2, y >> 2];
      for (let i = 0; i < n; i++) x[to + i] += factor * x[y + i];
    },
    adam(weights, gradient, first, second, n, beta1, beta2, rate, correction, epsilon) {
      [weights, gradient, first, second] = [weights >> 2, gradient >> 2, first >> 2, second >> 2];
      for (let i = 0; i < n; i++) {
        const g = x[gradient + i];
        x[first + i] = beta1 * x[first + i] + (1 - beta1) * g;
        x[second + i] = beta2 * x[second + i] + (1 - beta2) * g * g;
        x[weights + i] -= (rate * x[first + i]) / (Math.sqrt(x[second + i]) / correction + epsilon);
      }
    },
  };
}
