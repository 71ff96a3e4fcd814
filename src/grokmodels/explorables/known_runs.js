// @ts-check
/**
 * What is known of a network from its frames: its recipe and label, rows of its history, and what the last frame showed;
 * `turned` is the first row with a test accuracy of one half.
 *
 * @typedef {{recipe: any, label: string, rows: Row[], last: Row, turned: Row | null, place: number,
 *   cells: ArrayLike<number>, said: ArrayLike<number>, sure: ArrayLike<number>,
 *   circles: {frequency: number, share: number, x: number[], y: number[]}[], status: string | null}} Known
 * @typedef {{network: Known, twin: Known | null, past: Known[]}} Shown
 */

// Rows to a factor of e in the step: more would not show on the chart.
const DENSITY = 32;

/** Before the first frame. @param {any} recipe @returns {Known} */
function unknownRun(recipe) {
  const nothing = { rows: [], last: {}, turned: null, place: -1, cells: [], said: [], sure: [], circles: [] };
  return { recipe, label: `λ = ${recipe.optimizer.weight_decay}`, ...nothing, status: null };
}

/** Take in what a frame tells. @param {Known} run @param {any} frame */
function learn(run, { rows, cells, said, sure, circles, status }) {
  for (const row of rows) {
    run.last = row;
    // The axis is logarithmic.
    if (!row.step) continue;
    if (row.test_accuracy >= 0.5) run.turned ??= row;
    const place = Math.round(DENSITY * Math.log(row.step));
    if (place === run.place) run.rows.pop();
    run.rows.push({ ...row, rule_share: row.rule_share || null });
    run.place = place;
  }
  Object.assign(run, { cells, said, sure, circles, status });
}

/** A recorded run up to one of its frames; `read` turns one into what the engine sends.
 * @param {any} recording @param {number} at @param {(frame: any) => any} read */
function recordedRun({ recipe, frames }, at, read) {
  const run = unknownRun(recipe);
  for (const [i, frame] of frames.slice(0, at + 1).entries()) learn(run, i === at ? read(frame) : frame);
  return run;
}

/** Earlier runs as faint curves, each with a label where it turned, or at its end: its decay, and in what else its recipe
 * differs from the one that is shown. @param {Known[]} past @param {any} recipe
 * @param {(recipe: any) => string[]} settingsOf */
function pastRows(past, recipe, settingsOf) {
  const shown = settingsOf(recipe);
  return {
    ghosts: past.flatMap(({ rows }, run) => rows.map(({ step, test_accuracy }) => ({ run, step, test_accuracy }))),
    ends: past.map((run) => {
      const others = settingsOf(run.recipe).filter((words, i) => words !== shown[i]);
      const { step, test_accuracy } = run.turned ?? run.last;
      return { label: [run.label, ...others].join(", "), step, test_accuracy };
    }),
  };
}
