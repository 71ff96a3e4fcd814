// @ts-check

/** A network that learns a table of pairs, and a twin beside it. @param {any} data @param {Hooks} hooks
 * @returns {Process} */
function laboratory(data, hooks) {
  return trainees(data, hooks, {
    recipe: laboratoryRecipe,
    settings: settingsOf,
    // Everything else begins a new network.
    live: ["weight_decay", "learning_rate", "batch_size", "data_share"],
    looks: [],
    frame: tableFrame,
    rows: laboratoryRows,
  });
}
