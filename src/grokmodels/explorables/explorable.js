// @ts-check
/**
 * Mounts explorables: controls → kernel → charts.
 *
 * A classic script, so that it works from file:// as it does from a server. On a built page it mounts every
 * .grok-explorable by itself; in live Jupyter `widget.js` gets the same markup from the Python kernel and mounts it.
 * The markup carries a JSON payload; `grokmodels.explorables.page` writes it.
 *
 * @typedef {number | string} Value
 * @typedef {Record<string, Value>} State                 trait → value
 * @typedef {Record<string, Record<string, any>[]>} Rows  dataset → rows
 * @typedef {{kind: "slider" | "choice", label: string, values: Value[], texts: string[], play?: boolean}} Control
 * @typedef {{spec: object, reads: string[], drag: Record<string, string>}} Chart
 * @typedef {{node: HTMLElement, show: (value: Value) => void}} Dial
 * @typedef {{state: State, set: (changes: State) => Promise<void>, views: Record<string, any>, remove: () => void}} Explorable
 */
(() => {
  "use strict";

  /** @type {any} */
  const page = window;

  /** An element with attributes and children.
   * @param {string} tag @param {Record<string, any>} attributes @param {(Node | string)[]} children
   * @returns {any} */
  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
    node.append(...children);
    return node;
  }

  /** Columns of equal length to rows. @param {Record<string, any[]>} columns */
  function toRows(columns) {
    const names = Object.keys(columns);
    return columns[names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
  }

  /** Index of the allowed value nearest to a number. @param {Value[]} values @param {Value} value */
  function nearest(values, value) {
    const distances = values.map((allowed) => Math.abs(Number(allowed) - Number(value)));
    return distances.indexOf(Math.min(...distances));
  }

  /** What a value becomes when it is set: sliders take the nearest allowed value within their range. What lies outside
   * is left as it is, for the kernel to say why it has no answer.
   * @param {Control} control @param {Value} value @returns {Value} */
  function allowed({ kind, values }, value) {
    const within = kind === "slider" && value >= values[0] && value <= values[values.length - 1];
    return within ? values[nearest(values, value)] : value;
  }

  /** A native range input over the positions of the allowed values: keyboard and touch come with it.
   * @param {string} id @param {Control} control @param {(value: Value) => void} choose @returns {Dial} */
  function slider(id, { label, values, texts, play }, choose) {
    const last = values.length - 1;
    const input = make("input", { type: "range", id, min: 0, max: last, step: 1 });
    const output = make("output", { for: id, "aria-live": "polite" });
    const node = make("div", { class: "grok-control" }, make("label", { for: id }, label), input, output);
    let timer = 0;
    const pick = (/** @type {number} */ position) => choose(values[position]);
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      button.textContent = "▶ Play";
      output.setAttribute("aria-live", "polite");
    };
    const button = make("button", { type: "button", class: "grok-play" }, "▶ Play");
    button.addEventListener("click", () => {
      if (timer) return stop();
      if (input.valueAsNumber === last) pick(0);
      // A screen reader should not read out every frame.
      output.setAttribute("aria-live", "off");
      button.textContent = "❚❚ Pause";
      timer = window.setInterval(() => {
        if (input.valueAsNumber < last && node.isConnected) pick(input.valueAsNumber + 1);
        else stop();
      }, Math.max(40, 8000 / last));
    });
    if (play) input.before(button);
    input.addEventListener("input", () => {
      stop();
      pick(input.valueAsNumber);
    });
    return {
      node,
      show(value) {
        const position = nearest(values, value);
        input.value = String(position);
        input.style.setProperty("--grok-at", `${(100 * position) / last}%`);
        output.textContent = values[position] === value ? texts[position] : String(value);
        input.setAttribute("aria-valuetext", output.textContent);
      },
    };
  }

  /** Radio buttons. @param {string} id @param {Control} control @param {(value: Value) => void} choose @returns {Dial} */
  function choice(id, { label, values, texts }, choose) {
    const node = make("fieldset", { class: "grok-control grok-choice" }, make("legend", {}, label));
    const inputs = values.map((value, i) => {
      const input = make("input", { type: "radio", id: `${id}-${i}`, name: id, value });
      input.addEventListener("change", () => choose(value));
      node.append(input, make("label", { for: input.id }, texts[i]));
      return input;
    });
    return { node, show: (value) => inputs.forEach((input, i) => (input.checked = values[i] === value)) };
  }

  /** The dataset `readout` in words; `page.py` writes the same markup.
   * @param {any[]} rows @param {any} locale  with d3's `format` */
  function readout(rows, locale) {
    return rows.map(({ label, value, format, color, none = "–" }) => {
      const text = value === null ? none : locale.format(format)(value);
      return make("span", { style: `--grok-color: var(--grok-${color})` }, `${label} `, make("strong", {}, text));
    });
  }

  /** Dragging on a chart sets the traits of its axes.
   * @param {HTMLElement} box @param {any} view @param {Record<string, string>} drag @param {(c: State) => void} set */
  function draggable(box, view, drag, set) {
    const move = (/** @type {PointerEvent} */ event) => {
      const corner = box.getBoundingClientRect();
      const [left, top] = view.origin();
      const at = {
        x: event.clientX - corner.left - left - view.padding().left,
        y: event.clientY - corner.top - top - view.padding().top,
      };
      const clamp = (/** @type {number} */ pixel, /** @type {number[]} */ [a, b]) =>
        Math.min(Math.max(pixel, Math.min(a, b)), Math.max(a, b));
      const changes = Object.entries(drag).map(([axis, trait]) => {
        const scale = view.scale(axis);
        return [trait, scale.invert(clamp(axis === "x" ? at.x : at.y, scale.range()))];
      });
      set(Object.fromEntries(changes));
    };
    // One finger moves along a single axis; the other direction still scrolls the page.
    box.style.touchAction = "x" in drag ? ("y" in drag ? "none" : "pan-y") : "pan-x";
    box.classList.add("grok-drag");
    box.addEventListener("pointerdown", (event) => {
      box.setPointerCapture(event.pointerId);
      move(event);
    });
    box.addEventListener("pointermove", (event) => event.buttons && move(event));
  }

  /** Bring the markup of one explorable to life; afterwards `root.explorable` is set.
   * @param {any} root @param {State} initial  values that differ from the pictured ones
   * @param {(changes: State) => void} changed  called after every change @returns {Promise<Explorable>} */
  async function mount(root, initial = {}, changed = () => {}) {
    const find = (/** @type {string} */ selector) => root.querySelector(selector);
    const payload = JSON.parse(find(".grok-payload").textContent);
    /** @type {Record<string, Control>} */
    const controls = payload.controls;
    /** @type {[string, Chart][]} */
    const charts = Object.entries(payload.charts);
    /** @type {(state: State, data: any) => Rows} */
    const kernel = new Function(`return (${payload.kernel});`)();
    /** @type {State} */
    const state = { ...payload.state, ...initial };
    /** @type {Record<string, any>} */
    const views = {};
    /** @type {Record<string, Dial>} */
    const dials = {};

    /** Kernel output, or nothing and the reason why. @returns {Rows} */
    function compute() {
      const note = find(".grok-note");
      note.textContent = "";
      try {
        return kernel(state, payload.data);
      } catch (reason) {
        note.textContent = reason instanceof Error ? reason.message : String(reason);
        if (!(reason instanceof RangeError)) console.error(reason);
        return {};
      }
    }

    async function draw() {
      const before = rows;
      rows = compute();
      speak(rows);
      await Promise.all(
        charts.map(([name, { reads }]) => {
          for (const dataset of reads) {
            // What a kernel returns again, the very same array, is drawn already.
            if (dataset in payload.data || (rows[dataset] && rows[dataset] === before[dataset])) continue;
            views[name].data(dataset, rows[dataset] ?? []);
          }
          return views[name].runAsync();
        }),
      );
    }

    /** @param {Rows} rows */
    function speak(rows) {
      find(".grok-readout").replaceChildren(...readout(rows.readout ?? [], Object.values(views)[0].locale()));
    }

    /** However many changes arrive before the next frame, that frame draws once. @type {Promise<void> | null} */
    let frame = null;

    /** @param {State} changes */
    function set(changes) {
      for (const [trait, value] of Object.entries(changes)) {
        if (!(trait in controls)) throw new RangeError(`${trait} is not a control of this explorable`);
        state[trait] = allowed(controls[trait], value);
        dials[trait].show(state[trait]);
      }
      changed(changes);
      frame ??= new Promise(requestAnimationFrame).then(() => {
        frame = null;
        return draw();
      });
      return frame;
    }

    const panel = make("div", { class: "grok-controls" });
    for (const [trait, control] of Object.entries(controls)) {
      let id = `${root.id}-${trait}`;
      while (document.getElementById(id) || document.getElementById(`${id}-0`)) id += "-again";
      const build = control.kind === "slider" ? slider : choice;
      dials[trait] = build(id, control, (value) => void set({ [trait]: value }));
      dials[trait].show(state[trait]);
      panel.append(dials[trait].node);
    }

    let rows = compute();
    const resize = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        const view = views[/** @type {HTMLElement} */ (target).dataset.view ?? ""];
        if (contentRect.width && view.signal("width") !== contentRect.width) {
          view.signal("width", contentRect.width).runAsync();
        }
      }
    });
    for (const [name, { spec, reads, drag }] of charts) {
      const datasets = Object.fromEntries(
        reads.map((dataset) => [dataset, dataset in payload.data ? toRows(payload.data[dataset]) : rows[dataset] ?? []]),
      );
      const box = make("div", { class: "grok-view", "data-view": name });
      const figure = find(`[data-chart="${name}"]`);
      figure.append(box);
      const options = { actions: false, renderer: "svg", config: payload.config, defaultStyle: false };
      ({ view: views[name] } = await page.vegaEmbed(box, { ...spec, datasets }, options));
      figure.querySelector("img").remove();
      if (Object.keys(drag).length) draggable(box, views[name], drag, set);
      resize.observe(box);
    }
    find(".grok-controls").replaceWith(panel);
    speak(rows);

    root.explorable = {
      state,
      set,
      views,
      remove() {
        resize.disconnect();
        for (const view of Object.values(views)) view.finalize();
      },
    };
    return root.explorable;
  }

  /** Sentences that set the sliders: <a class="grok-set" href="#explorable-NAME" data-explorable="NAME" data-state='{…}'>.
   * @param {MouseEvent} event */
  function follow(event) {
    const link = event.target instanceof Element ? event.target.closest(".grok-set") : null;
    if (!(link instanceof HTMLElement)) return;
    /** @type {any} */
    const root = document.querySelector(`.grok-explorable[data-name="${link.dataset.explorable}"]`);
    if (!root?.explorable) return;
    event.preventDefault();
    root.explorable.set(JSON.parse(link.dataset.state ?? "{}"));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    root.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  }

  function start() {
    document.addEventListener("click", follow);
    // Without Vega the pictures stay.
    if (page.vegaEmbed) document.querySelectorAll(".grok-explorable").forEach((root) => mount(root));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
  page.grokExplorables = { mount };
})();
