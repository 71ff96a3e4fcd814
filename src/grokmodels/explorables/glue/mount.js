// @ts-check

/** Bring the markup of one explorable to life; afterwards `root.explorable` is set.
 * @param {Root} root @param {State} initial  values that differ from the pictured ones
 * @param {(changes: State) => void} changed  called after every change, with the values that were taken
 * @returns {Promise<Explorable>} */
async function mount(root, initial = {}, changed = () => {}) {
  const find = (/** @type {string} */ selector) => part(root, selector);
  const payload = payloadOf(root);
  const controls = payload.controls;
  const charts = Object.entries(payload.charts);
  /** @type {((state: State, data: any) => Rows) | null} */
  const kernel = payload.kernel && new Function(`return ${payload.kernel};`)();
  const readouts = payload.data.readout ? toRows(payload.data.readout) : null;
  /** @type {State} */
  const state = { ...payload.state, ...initial };
  /** @type {Process | null} */
  const process =
    payload.process &&
    new Function(`return ${payload.process};`)()(payload.data, { state, changed: () => draw(), calm, save });
  /** @type {Record<string, View>} */
  const views = {};
  /** What each chart shows. @type {Record<string, Rows>} */
  const drawn = {};
  /** @type {Row[]} */
  let guessed = [];
  /** Why a control did not take its value, until the next move. */
  let refusal = "";

  /** What the state says: datasets and the readout's values, or nothing and the reason why. @returns {Rows} */
  function compute() {
    const made = process?.rows();
    find(".grok-note").textContent = refusal || made?.note || "";
    try {
      const rows = kernel ? kernel(state, payload.data) : {};
      const recorded = readouts?.find((row) =>
        Object.keys(row).every((key) => !(key in state) || row[key] === state[key]),
      );
      if (readouts && !recorded) throw new RangeError("Nothing was recorded here.");
      return { readout: recorded, ...rows, ...made, guess: guessed };
    } catch (reason) {
      find(".grok-note").textContent = reason instanceof Error ? reason.message : String(reason);
      if (!(reason instanceof RangeError)) console.error(reason);
      return { guess: guessed };
    }
  }

  /** Give a chart what is new of its data and parameters. @param {string} name @param {Chart} chart */
  function refresh(name, { reads, follows }) {
    const view = views[name];
    const moved = follows.filter((trait) => view.signal(trait) !== state[trait]);
    // What a kernel returns again, the very same array, is drawn already.
    const news = reads.filter(
      (dataset) => !(dataset in payload.data) && (rows[dataset] ?? []) !== drawn[name][dataset],
    );
    for (const trait of moved) view.signal(trait, state[trait]);
    for (const dataset of news) view.data(dataset, rows[dataset] ?? []);
    drawn[name] = rows;
    return moved.length + news.length > 0;
  }

  /** Draw what changed. @returns {Promise<string[]>} names of the charts that changed */
  function draw() {
    if (!process) return show();
    follow();
    return Promise.resolve(Object.keys(views));
  }

  async function show() {
    rows = compute();
    const stale = charts.filter(([name, chart]) => refresh(name, chart)).map(([name]) => name);
    speak();
    await Promise.all(stale.map((name) => views[name].runAsync()));
    return stale;
  }

  /** Draw what a process made, as far as it can be seen: one chart a frame, so that no frame is long. */
  const follow = again(async () => {
    rows = compute();
    speak();
    for (const [name, chart] of charts) {
      if (!sight?.seen.has(find(`[data-view="${name}"]`)) || !refresh(name, chart)) continue;
      await views[name].runAsync();
      if (!chart.raster) await new Promise(requestAnimationFrame);
    }
    // While nobody sees it, it need not make more.
    if (sight?.seen.size) process?.drawn();
  });

  /** Values of words: the state as its controls show it, and what the readout tells. @returns {Row} */
  function told() {
    const shown = Object.entries(controls).map(([trait, { values, texts }]) => {
      return [trait, { raw: state[trait], text: texts[values.indexOf(state[trait])] }];
    });
    return { ...rows.readout, ...Object.fromEntries(shown) };
  }

  /** How numbers are written: Vega's way. */
  function localeNow() {
    const [name] = /** @type {[string, Chart]} */ (charts.find(([, { raster }]) => !raster));
    return /** @type {ChartView} */ (views[name]).locale();
  }

  /** Readout, alt texts, presets, buttons and link say the present state. */
  function speak() {
    const locale = localeNow();
    const values = told();
    const lines = rows.readout ? payload.readout : [];
    find(".grok-readout").replaceChildren(
      ...lines.map(({ label, value, color, none }) => {
        const text = fill(value, values, locale);
        const style = `--grok-color: var(--grok-${fill(color, values, locale)})`;
        const strong = make("strong", {}, text === "–" ? none : text);
        return make("span", { style }, `${fill(label, values, locale)} `, strong);
      }),
    );
    for (const [name, { caption, alt }] of charts) {
      find(`[data-chart="${name}"] figcaption`).textContent = fill(caption, values, locale);
      // While the reader guesses, words must not tell either.
      const asked = root.classList.contains("grok-guessing") ? payload.guess?.prompt : undefined;
      views[name].description(asked ?? fill(alt, values, locale));
    }
    for (const { chip, preset } of presets) {
      const shown = Object.entries(preset).every(([trait, value]) => state[trait] === value);
      chip.setAttribute("aria-pressed", String(shown));
    }
    presses?.show();
    // What changes all the time is not read out.
    if (process) root.setAttribute("aria-busy", String(process.running()));
    guess?.tell();
    // A notebook has no link to a state.
    root.querySelector(".grok-link")?.setAttribute("href", linkTo(root, state));
  }

  /** However many changes arrive before the next frame, that frame draws once. @type {Promise<string[]> | null} */
  let frame = null;

  /** Move controls; one that does not take its value stays, and the note says why.
   * @param {State} changes @returns {Promise<string[]>} names of the charts that changed */
  function move(changes) {
    refusal = "";
    /** @type {State} */
    const taken = {};
    for (const [trait, value] of Object.entries(changes)) {
      try {
        if (!(trait in controls)) throw new RangeError(`${trait} is not a control of this explorable`);
        taken[trait] = state[trait] = allowed(controls[trait], value);
        dials[trait].show(state[trait]);
      } catch (reason) {
        refusal = /** @type {Error} */ (reason).message;
      }
    }
    process?.set(taken);
    changed(taken);
    frame ??= new Promise(requestAnimationFrame).then(() => {
      frame = null;
      return draw();
    });
    return frame;
  }

  /** Move controls and end a guess, which was about another state. @param {State} changes */
  function set(changes) {
    guess?.end();
    return move(changes);
  }

  /** @param {Guess} question */
  function guessFirst(question) {
    const view = /** @type {ChartView} */ (views[question.chart]);
    return guessing(question, root, {
      box: find(`[data-view="${question.chart}"]`),
      drag: Object.keys(payload.charts[question.chart].drag),
      view,
      locale: view.locale(),
      ask() {
        process?.restart();
        return move(question.state);
      },
      start: () => process?.start(),
      waits: () => (process?.running() ? "Now it trains." : "It has not happened yet."),
      reveal(shown) {
        for (const each of Object.values(views)) each.signal("revealed", shown).runAsync();
        speak();
      },
      answer: told,
      redraw(points) {
        guessed = points;
        view.data("guess", points).runAsync();
      },
    });
  }

  const { panel, dials } = panelOf(root.id, controls, set);
  for (const trait of Object.keys(controls)) dials[trait].show(state[trait]);

  let rows = compute();
  const resize = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const view = views[/** @type {HTMLElement} */ (target).dataset.view ?? ""];
      if (contentRect.width && view.signal("width") !== contentRect.width) {
        view.signal("width", contentRect.width).runAsync();
      }
    }
  });
  for (const [name, { spec, reads, drag, raster }] of charts) {
    const datasets = Object.fromEntries(
      reads.map((dataset) => [
        dataset,
        dataset in payload.data ? toRows(payload.data[dataset]) : (rows[dataset] ?? []),
      ]),
    );
    const box = make("div", { class: "grok-view", "data-view": name });
    const figure = find(`[data-chart="${name}"]`);
    figure.append(box);
    const options = { actions: false, renderer: "svg", config: payload.config, defaultStyle: false };
    views[name] = raster
      ? rasterIn(box, raster, datasets[raster.source], set)
      : (await vegaEmbed(box, { ...spec, datasets }, options)).view;
    drawn[name] = rows;
    figure.querySelector("img")?.remove();
    if (raster) continue;
    const axes = Object.keys(drag);
    const pull = (/** @type {PointerEvent} */ event) => {
      if (root.classList.contains("grok-guessing")) return;
      const at = located(box, /** @type {ChartView} */ (views[name]), event, axes);
      // A chart may show more than a control takes: beyond its ends it stays there.
      const taken = (/** @type {Value[]} */ values, /** @type {number} */ value) => values[nearest(values, value)];
      set(Object.fromEntries(axes.map((axis) => [drag[axis], taken(controls[drag[axis]].values, at[axis])])));
    };
    grasp(box, axes);
    if (axes.length) pressed(box, pull);
    resize.observe(box);
  }
  find(".grok-controls").replaceWith(panel);
  const presses = process && pressesOf(process);
  if (presses) panel.before(presses.node);

  const chips = find(".grok-chips");
  const presets = Object.entries(payload.presets).map(([label, preset]) => {
    const chip = button(label, "grok-chip", () => set(preset));
    chips.append(chip);
    return { chip, preset };
  });
  const guess = payload.guess && guessFirst(payload.guess);
  if (guess) chips.prepend(guess.chip);
  chips.append(button("Reset", "grok-chip grok-reset", () => set(payload.state)));
  await show();
  // A widget may have been moved before it is shown.
  const moved = Object.entries(initial).filter(([trait, value]) => value !== payload.state[trait]);
  process?.set(Object.fromEntries(moved));
  // From here on a process draws as it runs.
  const sight = process && sightOf([...root.querySelectorAll(".grok-view, .grok-readout")], draw);
  const rest = () => process?.rest(document.hidden);
  document.addEventListener("visibilitychange", rest);

  root.explorable = {
    state,
    set,
    views,
    remove() {
      resize.disconnect();
      sight?.stop();
      document.removeEventListener("visibilitychange", rest);
      process?.remove();
      for (const view of Object.values(views)) view.finalize();
    },
  };
  return root.explorable;
}
