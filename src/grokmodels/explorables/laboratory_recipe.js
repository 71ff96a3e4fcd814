// @ts-check

/** The recipe that the controls ask for, as the JSON of the library's `Experiment`: a base with what they say put in.
 * @param {State} state @param {any} base @param {number} factor  of the decay, for a twin */
function laboratoryRecipe(state, base, factor = 1) {
  const { task, p, fraction, data_share, network, norm, optimizer, learning_rate, weight_decay, seed } = state;
  const batch = Number(state.batch_size);
  const modular = { ...base.task, operation: task === "random" ? "add" : task, p };
  const sizes = network === "real" ? { layers: 2, width: 64 } : { layers: 1, width: 32 };
  return {
    ...base,
    task: task === "random" ? { kind: "random-labels", base: modular, label_seed: 0 } : modular,
    fraction,
    data_schedule: { knots: [[0, data_share]], period: null },
    architecture: { ...base.architecture, ...sizes, norm },
    optimizer: {
      ...base.optimizer,
      name: optimizer,
      learning_rate,
      // A tenth of 3 is 0.3, without the dust of binary fractions.
      weight_decay: Number((factor * Number(weight_decay)).toPrecision(12)),
      momentum: optimizer === "sgd" ? 0.9 : 0,
    },
    // "full" is no number, and a batch of more pairs than are shown is all of them.
    batch_size: batch < Math.floor(Number(fraction) * Number(p) ** 2) ? batch : null,
    seed,
  };
}
