"""The cumulative normal distribution for JavaScript, which has none; Python takes scipy's."""

from grokmodels.theory.kernels import Script

# The series of Marsaglia (2004), J. Stat. Softw. 11(4), whose terms are all of one sign.
NORMAL_CDF = Script("""\
function normalCdf(x) {
  if (Math.abs(x) > 9) return x > 0 ? 1 : 0;
  let sum = x;
  for (let term = x, k = 3; sum + term !== sum; k += 2) {
    term *= x * x / k;
    sum += term;
  }
  // Rounding must not leave the range: logarithms are taken of it.
  return Math.min(1, Math.max(0, 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI)));
}
""")
