// @ts-check

/** A number of the recipe times a factor that changes with the step: straight between knots, level after the last, as
 * in the library. */
class Course {
  /** @param {number} base @param {{knots: [number, number][], period: number | null}} schedule */
  constructor(base, schedule) {
    this.base = base;
    this.schedule = { ...schedule, knots: schedule.knots.map(([step, factor]) => knotOf(step, factor)) };
  }

  /** The value at a step, counted from 0. @param {number} step */
  at(step) {
    return this.base * this.#factor(step);
  }

  /** Another value from a step on, whatever was planned for later. @param {number} step @param {number} value */
  change(step, value) {
    const { knots, period } = this.schedule;
    if (period !== null) throw new RangeError(`schedule: got a period of ${period}; must have none to be changed`);
    if (this.base === 0) {
      // A base of zero has no factors: what it was becomes a factor of zero of another.
      for (const knot of knots) knot[1] = 0;
      this.base = value;
    }
    // What it came to before this step, however often it changes at it.
    const before = knots.find(([knot]) => knot === step)?.[1] ?? this.#factor(step);
    const earlier = knots.filter(([knot]) => knot < step);
    if (step) earlier.push(knotOf(step, before));
    this.schedule = { knots: [...earlier, knotOf(step, this.base ? value / this.base : 0)], period };
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

/** A knot. @param {number} step @param {number} factor @returns {[number, number]} */
function knotOf(step, factor) {
  return [step, factor];
}
