// @ts-check

/** Weights at rest under AdamW, and the race of a rule with the slots of the table, whose weights it shares.
 * @param {{learning_rate: number, weight_decay: number, batch_share: number, ratio: number}} state
 * @param {{beta: number, seed_share: number, least_ratio: number, rest: number[], race: number[]}} data  `rest` and
 *   `race` are decay times */
function motion({ learning_rate, weight_decay, batch_share, ratio }, { beta, seed_share, least_ratio, rest, race }) {
  const saturation = batchSaturation(batch_share);
  const left = sharedRatio(ratio, saturation);
  const overlap = (/** @type {number} */ decay_time, /** @type {number} */ held) =>
    restOverlap(decay_time, held, learning_rate, weight_decay);
  const share = (/** @type {number} */ decay_time, /** @type {number} */ effective) =>
    plateauShare(decay_time, seed_share, Math.max(effective, least_ratio), 1);
  const grows = batch_share < criticalShare(ratio);
  return {
    memory: rest.map((decay_time) => ({
      decay_time,
      cosine: overlap(decay_time, saturation),
      noise: overlap(decay_time, 0),
    })),
    share: race.map((decay_time) => ({ decay_time, share: share(decay_time, left), flow: share(decay_time, ratio) })),
    point: [{ ratio, batch_share }],
    readout: {
      length: restLength(saturation, learning_rate, weight_decay),
      wall: 1 / weight_decay,
      turn: (restTurn(saturation, learning_rate, weight_decay, beta) * 180) / Math.PI,
      cosine: overlap(1, saturation),
      left,
      half: grows ? plateauDecayTime(0.5, 1, seed_share, 1, left) : null,
      course: courseAt(left),
      flow: courseAt(ratio),
      winner: grows ? "the rule grows" : "the memorizer stays",
    },
  };
}

/** What becomes of the rule's share, in a word. @param {number} ratio  that is effective */
function courseAt(ratio) {
  // The square of a root may miss the border by a rounding.
  if (Math.abs(ratio - 1) < 1e-9) return "stays level";
  return ratio > 1 ? "rises" : "falls";
}
