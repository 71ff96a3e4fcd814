// @ts-check

/** A network that learns facts about a world, and answers questions that join two of them. @param {any} data
 * @param {Hooks} hooks @returns {Process} */
function world(data, hooks) {
  return trainees(data, hooks, {
    recipe: worldRecipe,
    settings: worldSettings,
    live: ["weight_decay"],
    looks: ["person", "first", "second"],
    frame: worldFrame,
    rows: ({ network }, state) => worldRows(network, state, data.words),
  });
}
