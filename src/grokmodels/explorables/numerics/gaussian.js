// @ts-check

/** The cumulative normal distribution, by the series of Marsaglia (2004), J. Stat. Softw. 11(4), whose terms are all of
 * one sign. @param {number} x */
function normalCdf(x) {
  if (Math.abs(x) > 9) return x > 0 ? 1 : 0;
  let sum = x;
  for (let term = x, k = 3; sum + term !== sum; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  // Rounding must not leave the range: logarithms are taken of it.
  return Math.min(1, Math.max(0, 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)));
}

/** Chance that the right logit beats all others under Gaussian noise, as a function of its lead in units of the noise.
 * @param {number} classes @returns {(lead: number) => number} */
function winningChance(classes) {
  const grid = Array.from({ length: 201 }, (_, i) => -10 + i / 10);
  const beaten = grid.map((y) => -Math.expm1((classes - 1) * Math.log(normalCdf(y))));
  return (lead) => {
    let error = 0;
    grid.forEach((y, i) => {
      error += beaten[i] * Math.exp(-((y - lead) ** 2) / 2);
    });
    return 1 - error / 10 / Math.sqrt(2 * Math.PI);
  };
}
