// @ts-check

/** Random numbers of a seed and a stream: xoshiro128**, https://prng.di.unimi.it, seeded by a mixer of 32 bits. */
class Random {
  /** @param {number} seed @param {number} stream */
  constructor(seed, stream) {
    let mixed = (Math.imul(seed + 1, 0x9e3779b9) ^ Math.imul(stream + 1, 0x85ebca6b)) | 0;
    this.state = new Int32Array(4).map(() => {
      mixed = (mixed + 0x9e3779b9) | 0;
      let z = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    });
    /** @type {number | null} */
    this.spare = null;
  }

  /** 32 random bits. */
  bits() {
    const s = this.state;
    const product = Math.imul(s[1], 5);
    const bits = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return bits;
  }

  /** Uniform in (0, 1). */
  uniform() {
    return (this.bits() + 0.5) / 2 ** 32;
  }

  /** A whole number from 0 to n − 1. @param {number} n */
  below(n) {
    return Math.floor(this.uniform() * n);
  }

  /** Standard normal, by Marsaglia's polar method, which gives two at a time. */
  normal() {
    if (this.spare !== null) {
      const spare = this.spare;
      this.spare = null;
      return spare;
    }
    for (;;) {
      const [x, y] = [2 * this.uniform() - 1, 2 * this.uniform() - 1];
      const square = x * x + y * y;
      if (square >= 1) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.spare = y * factor;
      return x * factor;
    }
  }

  /** The numbers in random order. @param {Iterable<number>} numbers @returns {number[]} */
  shuffled(numbers) {
    const order = [...numbers];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

// What is drawn, each from a stream of its own.
const [SPLIT, WEIGHTS, BATCHES, LABELS, SHARES, WORLD, UNUSED] = [0, 1, 2, 3, 4, 5, 6];
