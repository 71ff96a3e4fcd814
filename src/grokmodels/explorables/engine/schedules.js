// @ts-check

/** A number of the recipe times a factor that changes with the step: straight between knots, level after the last, as
 * in the library. */
class Course {
  /** @param {number} base @param {{knots: [number, number][], period: number | null}} schedule */
  constructor(base, schedule) {
    this.base = base;
    this.schedule = schedule;
  }

  /** The value at a step, counted from 0. @param {number} step */
  at(step) {
    return this.base * this.#factor(step);
  }

  /** Another value from a step on, whatever was planned for later. @param {number} step @param {number} value */
  change(step, value) {
    const { knots, period } = this.schedule;
    if (period !== null) throw new RangeError(`schedule: got a period of ${period}; must have none to be changed`);
    const earlier = knots.filter(([knot]) => knot < step);
    const now = this.#factor(step);
    if (this.base === 0 && value) {
      // A base of zero has no factors: what it was becomes a factor of zero.
      this.base = value;
      this.schedule = { knots: [[0, 0], ...(step ? [[step, 0]] : []), [step, 1]], period };
      return;
    }
    const factor = this.base ? value / this.base : 0;
    this.schedule = { knots: step ? [...earlier, [step, now], [step, factor]] : [[0, factor]], period };
  }

  /** @param {number} step */
  #factor(step) {
    const { knots, period } = this.schedule;
    const place = period === null ? step : step % period;
    const after = knots.findIndex(([knot]) => knot > place);
    if (after < 0) return knots[knots.length - 1][1];
    const [[left, before], [right, next]] = [knots[after - 1], knots[after]];
    return before + ((next - before) * (place - left)) / (right - left);
  }
}
