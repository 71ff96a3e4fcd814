// @ts-check

/** A recorded frame, which has a few characters an input, as the engine sends it. @param {any} frame */
function worldFrame({ cells, said, sure, ...frame }) {
  const percents = Array.from(cells, (_, i) => Number(sure.slice(2 * i, 2 * i + 2)) / 100);
  return {
    ...frame,
    cells: Array.from(cells, Number),
    said: Array.from(said, (/** @type {string} */ letter) => letter.charCodeAt(0) - FIRST_LETTER),
    sure: percents,
  };
}

// The letter of answer 0; world.py writes them.
const FIRST_LETTER = 48;

/** What the page shows before anything is pressed. @param {State} state @param {{recording: any, words: Words}} data */
function worldRecorded(state, { recording, words }) {
  const network = recordedRun(recording, recording.frames.length - 1, worldFrame);
  return { ...worldRows(network, state, words), ...pastRows([], recording.recipe, worldSettings) };
}
