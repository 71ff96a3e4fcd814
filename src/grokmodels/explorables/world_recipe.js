// @ts-check

/** The recipe that the controls ask for, as the JSON of the library's `Experiment`: a base with what they say put in.
 * @param {State} state @param {any} base @param {number} factor  of the decay, for a twin */
function worldRecipe({ entities, relations, share, unused, weight_decay }, base, factor = 1) {
  const task = { ...base.task, entities, relations, unused };
  const { core, drawn } = questionsOf(task);
  const inputs = core.length + rounded(Number(share) * drawn.length);
  return {
    ...base,
    task,
    fraction: share,
    optimizer: { ...base.optimizer, weight_decay: factor * Number(weight_decay) },
    // A sixth of the training inputs.
    batch_size: Math.ceil(inputs / 6),
  };
}
