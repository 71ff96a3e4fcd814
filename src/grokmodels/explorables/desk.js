// @ts-check

/** A run up to a moment, the reader's forecast of t_gen, and, once it is shown, what came and what others said.
 * @param {{run: number, moment: number, sees: "training" | "held-out", forecast: number, answer: "hidden" | "shown"}} state
 * @param {{runs: Record<string, any[]>, said: Record<string, any[]>, never: number}} data  a row of `runs` a run, with its
 *   curves; a row of `said` a run, moment and forecaster, null for a forecast of "never" */
function desk({ run, moment, sees, forecast, answer }, { runs, said, never }) {
  const row = runs.run.indexOf(run);
  const [t_mem, t_gen, censored] = [runs.t_mem[row], runs.t_gen[row], runs.censored[row]];
  const here = [...said.run.keys()].filter((i) => said.run[i] === run && said.moment[i] === moment);
  const over = !here.length;
  const shown = over || answer === "shown";
  const now = over ? t_gen : said.now[here[0]];
  // While the run waits, a time that is over counts as now.
  const own = forecast >= never ? null : Math.max(forecast * t_mem, over ? 0 : now);
  const commas = (/** @type {number} */ step) => String(step).replace(/\B(?=(\d{3})+$)/g, ",");

  /** Points of one curve: those that can be seen by now, and, once all is shown, the others.
   * @param {string} kind @param {boolean} training */
  const curve = (kind, training = true) =>
    runs.step[row].flatMap((/** @type {number} */ step, /** @type {number} */ i) => {
      const value = runs[kind][row][i];
      if (value === null || !(shown || (step <= now && (training || sees === "held-out")))) return [];
      return [{ kind, x: step / t_mem, value, past: step <= now }];
    });
  /** How far a forecast is off, in words. @param {number | null} said */
  const told = (said) => {
    if (said === null) return censored ? "not known to be wrong" : "it did come";
    if (censored) return said < t_gen ? `at least ×${(t_gen / said).toFixed(2)} too early` : "not known to be wrong";
    const factor = Math.max(said / t_gen, t_gen / said).toFixed(2);
    return factor === "1.00" ? "right" : `×${factor} too ${said < t_gen ? "early" : "late"}`;
  };
  /** A line of the board. @param {string} name @param {string} sees @param {number | null} said @param {number} reach */
  const line = (name, sees, said, reach) => ({
    name,
    sees,
    x: said === null ? never : Math.min(said / t_mem, never),
    low: said === null ? never : Math.max(said * Math.exp(-reach), now) / t_mem,
    high: said === null ? never : Math.min((said * Math.exp(reach)) / t_mem, never),
    told: shown ? `${said === null ? "never, " : ""}${told(said)}` : "",
  });
  const others = shown ? here.map((i) => line(said.forecaster[i], said.sees[i], said.forecast[i], said.reach[i])) : [];
  return {
    accuracy: [...curve("train_accuracy"), ...curve("test_accuracy", false), ...curve("m_hat", false)],
    loss: [...curve("train_loss"), ...curve("test_loss", false)],
    norm: curve("weight_norm"),
    now: [{ x: now / t_mem }],
    own: [{ x: own === null ? never : own / t_mem }],
    truth: shown ? [{ x: t_gen / t_mem, censored }] : [],
    board: [line("you", "you", own, 0), ...others],
    readout: {
      recipe: runs.recipe[row],
      whose: runs.known[row]
        ? "of a recipe that the forecasters know"
        : "of a study that the forecasters have not seen",
      t_mem,
      at: now,
      own,
      came: !shown ? null : censored ? `not by step ${commas(t_gen)}` : `at step ${commas(t_gen)}`,
      off: shown ? told(own) : null,
      state: over ? "The wait is over." : shown ? "The answer is shown." : "The answer is hidden.",
      seen: sees === "held-out" || shown ? "with test accuracy and m̂" : "of training data only",
      others: others.map(({ name, told }) => `${name} ${told}`).join(", ") || "no other forecast is shown",
    },
  };
}
