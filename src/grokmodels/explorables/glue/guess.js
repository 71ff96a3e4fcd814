// @ts-check

/**
 * Guess first: the chart hides its answer, the reader marks a place on its x axis or draws a curve, then sees both.
 * The answer's layers are those that Vega filters by `revealed`; the guess is the dataset `guess`.
 *
 * @param {Guess} guess
 * @param {Root} root
 * @param {{box: HTMLElement, drag: string[], view: ChartView, locale: Locale, ask: () => Promise<unknown>, reveal: (shown: boolean) => void,
 *   answer: () => Row, redraw: (rows: Row[]) => void, start: () => void, waits: () => string}} chart  `ask` sets the state that is asked about
 * @returns {{chip: HTMLElement, end: () => void, tell: () => void}}
 */
function guessing(guess, root, chart) {
  const { kind, prompt, answer, format, awaits } = guess;
  const place = part(root, ".grok-prompt");
  /** @type {Map<number, number>} pixel → height of a drawn curve */
  const drawn = new Map();
  /** @type {number | null} */
  let marked = null;
  /** Whether the answer is told, or will be. */
  let revealed = false;
  const axes = kind === "mark" ? ["x"] : ["x", "y"];

  /** A place on the x axis by keyboard: per mille of its length. */
  const keys = make("input", { type: "range", min: 0, max: 1000, step: 5, value: 500, "aria-label": "Your guess" });
  keys.style.setProperty("--grok-at", "50%");
  keys.addEventListener("input", () => {
    const scale = chart.view.scale("x");
    const [first, last] = scale.range();
    mark(scale.invert(first + ((last - first) * keys.valueAsNumber) / 1000));
  });

  function mark(/** @type {number} */ x) {
    marked = x;
    const scale = chart.view.scale("x");
    const [first, last] = scale.range();
    keys.value = String((1000 * (scale(x) - first)) / (last - first));
    keys.style.setProperty("--grok-at", `${keys.valueAsNumber / 10}%`);
    keys.setAttribute("aria-valuetext", chart.locale.format(format)(x));
    chart.redraw([{ x, y: null }]);
  }

  /** @param {PointerEvent} event */
  function point(event) {
    if (!root.classList.contains("grok-guessing")) return;
    const { x, y } = located(chart.box, chart.view, event, axes);
    if (kind === "mark") return mark(x);
    drawn.set(Math.round(chart.view.scale("x")(x) / 4), y);
    const curve = [...drawn].sort(([a], [b]) => a - b);
    chart.redraw(curve.map(([pixel, height]) => ({ x: chart.view.scale("x").invert(4 * pixel), y: height })));
  }

  /** Whether the reader is asked: then the answer is hidden, and the chart takes what is drawn. @param {boolean} asked */
  function put(asked) {
    root.classList.toggle("grok-guessing", asked);
    for (const inert of root.querySelectorAll(".grok-controls, .grok-presses")) inert.toggleAttribute("inert", asked);
    grasp(chart.box, asked ? axes : chart.drag, asked && kind !== "mark");
    chart.reveal(!asked);
  }

  function end() {
    // Every move ends a guess: where there is none, it must not draw.
    if (!place.hasChildNodes()) return;
    place.replaceChildren();
    drawn.clear();
    marked = null;
    revealed = false;
    chart.redraw([]);
    put(false);
  }

  async function begin() {
    end();
    await chart.ask();
    put(true);
    const how = kind === "mark" ? "Tap the chart, or use the slider." : "Draw on the chart.";
    const show = button(awaits ? "Train and see" : "Reveal", "grok-button", reveal);
    const dial = make("div", { class: "grok-control" }, keys);
    place.replaceChildren(make("span", {}, `${prompt} ${how}`), ...(kind === "mark" ? [dial] : []), show);
    chart.box.before(place);
    (kind === "mark" ? keys : show).focus({ preventScroll: true });
    bringIntoSight([part(root, `[data-chart="${guess.chart}"]`)]);
  }

  function reveal() {
    put(false);
    revealed = true;
    place.replaceChildren(make("span"));
    tell();
    chip.focus({ preventScroll: true });
    chart.start();
  }

  /** Tell the answer, as far as it is there. */
  function tell() {
    if (!revealed) return;
    const values = chart.answer();
    const yours = marked === null ? "" : `Your guess: ${chart.locale.format(format)(marked)}. `;
    const told = awaits && values[awaits] === null ? chart.waits() : answer && fill(answer, values, chart.locale);
    const words = part(root, ".grok-prompt span");
    if (words.textContent !== yours + told) words.textContent = yours + told;
  }

  pressed(chart.box, point);
  const chip = button("Guess first", "grok-chip grok-guess", begin);
  return { chip, end, tell };
}
