// @ts-check
/**
 * What is known of a network from its frames: its recipe and label, rows of its history, and what the last frame showed;
 * `turned` is the first row with a test accuracy of one half.
 *
 * @typedef {{recipe: any, label: string, rows: Row[], last: Row, turned: Row | null, place: number,
 *   cells: ArrayLike<number>, circles: {frequency: number, share: number, x: number[], y: number[]}[],
 *   status: string | null}} Known
 */

// Rows to a factor of e in the step: more would not show on the chart.
const DENSITY = 32;

/** Before the first frame. @param {any} recipe @returns {Known} */
function unknownRun(recipe) {
  const nothing = { rows: [], last: {}, turned: null, place: -1, cells: [], circles: [], status: null };
  return { recipe, label: `λ = ${recipe.optimizer.weight_decay}`, ...nothing };
}

/** Take in what a frame tells. @param {Known} run @param {any} frame */
function learn(run, { rows, cells, circles, status }) {
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
  Object.assign(run, { cells, circles, status });
}

/** A recorded run up to one of its frames, which have a digit a cell. @param {any} recording @param {number} at */
function recordedRun({ recipe, frames }, at) {
  const run = unknownRun(recipe);
  for (const frame of frames.slice(0, at + 1)) learn(run, frame);
  run.cells = Array.from(frames[at].cells, Number);
  return run;
}

/** What the page shows before anything is pressed. @param {any} recording */
function laboratoryRecorded(recording) {
  const network = recordedRun(recording, recording.frames.length - 1);
  return { ...laboratoryRows({ network, twin: null, past: [] }), ...pastRows([], recording.recipe) };
}
