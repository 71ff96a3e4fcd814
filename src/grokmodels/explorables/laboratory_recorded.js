// @ts-check

/** A recorded frame, which has a digit a cell, as the engine sends it. @param {any} frame */
function tableFrame(frame) {
  return { ...frame, cells: Array.from(frame.cells, Number) };
}

/** What the page shows before anything is pressed. @param {any} recording */
function laboratoryRecorded(recording) {
  const network = recordedRun(recording, recording.frames.length - 1, tableFrame);
  return { ...laboratoryRows({ network, twin: null, past: [] }), ...pastRows([], recording.recipe, settingsOf) };
}
