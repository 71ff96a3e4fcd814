// @ts-check

/** What the laboratory shows of a network and its twin, if it has one, in the datasets of its charts.
 * @param {Shown} known @returns {Rows} */
function laboratoryRows({ network, twin, past }) {
  const runs = twin ? [network, twin] : [network];
  const { recipe, last, turned, cells, circles } = network;
  const size = pairsOf(recipe).p;
  const counts = countsOf(cells);
  return {
    table: runs.map((run) => ({
      label: twin ? run.label : "",
      columns: size,
      cells: run.cells,
      name: pairName(recipe),
    })),
    curves: runs.flatMap((run) => run.rows.map((row) => ({ ...row, who: run === twin ? "twin" : "network" }))),
    circles: circles.flatMap(({ frequency, share, x, y }, circle) =>
      x.map((_, a) => {
        const order = (frequency * a) % size;
        return { circle, frequency, share, x: x[a], y: y[a], token: a, order, hue: order / size };
      }),
    ),
    hands: runs.map((run) => ({ who: run === twin ? "twin" : "network", decay_time: run.last.decay_time })),
    turns: [...past, ...runs].flatMap((run) => {
      const { label, turned } = run;
      return turned ? [{ label: runs.includes(run) ? label : "", decay_time: turned.decay_time }] : [];
    }),
    readout: {
      ...last,
      ...counts,
      turned: turned?.step ?? null,
      where: turned && `step ${turned.step}, Λ = ${Number(turned.decay_time).toFixed(2)}`,
      when: turned ? `passed one half at step ${turned.step}` : "has not passed one half",
      beside: twin ? ` (dashed: ${twin.label})` : "",
      first: circles[0].frequency,
      held: circles[0].share,
    },
  };
}

/** What the controls of a recipe say, but for its decay. @param {any} recipe */
function settingsOf(recipe) {
  const { task, fraction, batch_size, architecture, optimizer, seed } = recipe;
  const { operation, p } = pairsOf(recipe);
  return [
    task.kind === "random-labels" ? "random labels" : operation,
    `p = ${p}`,
    `${Math.round(100 * fraction)} % shown`,
    batch_size === null ? "full batch" : `batch ${batch_size}`,
    `η = ${optimizer.learning_rate}`,
    `${architecture.layers} layers`,
    architecture.norm === "pre" ? "LayerNorm" : "no LayerNorm",
    optimizer.name,
    `seed ${seed}`,
  ];
}

/** @param {ArrayLike<number>} cells */
function countsOf(cells) {
  const counts = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < cells.length; i++) counts[cells[i]]++;
  const [outWrong, outRight, inWrong, inRight] = counts;
  return { out: outWrong + outRight, outRight, shown: inWrong + inRight, shownRight: inRight };
}

/** The arithmetic whose pairs a recipe shows. @param {any} recipe */
function pairsOf({ task }) {
  return task.kind === "random-labels" ? task.base : task;
}

/** How a pair is written: with its answer, where there is a rule. @param {any} recipe */
function pairName(recipe) {
  const { operation, p } = pairsOf(recipe);
  /** @type {Record<string, (a: number, b: number) => string>} */
  const written = {
    add: (a, b) => `${a} + ${b} = ${(a + b) % p}`,
    subtract: (a, b) => `${a} − ${b} = ${(a - b + p) % p}`,
    multiply: (a, b) => `${a} · ${b} = ${(a * b) % p}`,
  };
  return recipe.task.kind === "random-labels"
    ? (/** @type {number} */ a, /** @type {number} */ b) => `${a}, ${b}`
    : written[operation];
}
