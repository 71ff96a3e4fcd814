// @ts-check

/** Index of the allowed value nearest to a number. @param {Value[]} values @param {Value} value */
function nearest(values, value) {
  const distances = values.map((allowed) => Math.abs(Number(allowed) - Number(value)));
  return distances.indexOf(Math.min(...distances));
}

/** The value that a control takes for another; a RangeError names what it does not take, as `controls.py` does.
 * @param {Control} control @param {Value} value @returns {Value} */
function allowed({ kind, label, values, texts }, value) {
  const last = values.length - 1;
  if (kind === "choice" && values.includes(value)) return value;
  if (kind === "slider" && Number(value) >= Number(values[0]) && Number(value) <= Number(values[last])) {
    return values[nearest(values, value)];
  }
  const range = kind === "choice" ? `one of ${values.join(", ")}` : `between ${texts[0]} and ${texts[last]}`;
  throw new RangeError(`${label}: got ${value}; must be ${range}`);
}

/** A native range input over the positions of the allowed values: keyboard and touch come with it.
 * @param {string} id @param {Control} control @param {(value: Value) => void} choose @returns {Dial} */
function slider(id, { label, values, texts, play }, choose) {
  const last = values.length - 1;
  const input = make("input", { type: "range", id, min: 0, max: last, step: 1 });
  // The slider's own text is spoken already.
  const output = make("output", { for: id, "aria-live": "off" });
  const node = make("div", { class: "grok-control" }, make("label", { for: id }, label), input, output);
  const pick = (/** @type {number} */ position) => choose(values[position]);
  const stop = play ? player(input, last, pick) : () => {};
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
      output.textContent = texts[position];
      input.setAttribute("aria-valuetext", texts[position]);
    },
  };
}

/** A button before a slider that runs it to its end, or, where motion is unwanted, moves it by an eighth.
 * @param {HTMLInputElement} input @param {number} last @param {(position: number) => void} pick @returns {() => void} stops it */
function player(input, last, pick) {
  let timer = 0;
  const still = calm() ? "▶ Step" : "▶ Play";
  const press = button(still, "grok-button", () => {
    if (timer) return stop();
    const at = input.valueAsNumber === last ? 0 : input.valueAsNumber;
    if (calm()) return pick(Math.min(last, at + Math.ceil(last / 8)));
    pick(at);
    press.textContent = "❚❚ Pause";
    // A screen reader should not read out every frame.
    input.closest(".grok-explorable")?.setAttribute("aria-busy", "true");
    timer = window.setInterval(
      () => {
        if (input.valueAsNumber < last && input.isConnected) pick(input.valueAsNumber + 1);
        else stop();
      },
      Math.max(60, 12000 / last),
    );
  });
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    press.textContent = still;
    input.closest(".grok-explorable")?.removeAttribute("aria-busy");
  };
  input.before(press);
  return stop;
}

/** Radio buttons. @param {string} id @param {Control} control @param {(value: Value) => void} choose @returns {Dial} */
function choice(id, { label, values, texts }, choose) {
  const node = make("fieldset", { class: "grok-control grok-choice" }, make("legend", {}, label));
  const inputs = values.map((value, i) => {
    const input = make("input", { type: "radio", id: `${id}-${i}`, name: id, value });
    input.addEventListener("change", () => choose(value));
    node.append(make("span", {}, input, make("label", { for: input.id }, texts[i])));
    return input;
  });
  return {
    node,
    show(value) {
      for (const [i, input] of inputs.entries()) input.checked = values[i] === value;
    },
  };
}

/** The panel of all controls; on a narrow screen one shows at first, and the one in use stays in sight.
 * @param {string} root  its id @param {Record<string, Control>} controls @param {(changes: State) => void} set
 * @returns {{panel: HTMLElement, dials: Record<string, Dial>}} */
function panelOf(root, controls, set) {
  const panel = make("div", { class: "grok-controls" });
  /** @type {Record<string, Dial>} */
  const dials = {};
  for (const [trait, control] of Object.entries(controls)) {
    let id = `${root}-${trait}`;
    while (document.getElementById(id) || document.getElementById(`${id}-0`)) id += "-again";
    const build = control.kind === "slider" ? slider : choice;
    dials[trait] = build(id, control, (value) => set({ [trait]: value }));
    panel.append(dials[trait].node);
  }
  const nodes = Object.values(dials).map(({ node }) => node);
  const use = (/** @type {HTMLElement} */ used) => {
    for (const node of nodes) node.classList.toggle("grok-in-use", node === used);
  };
  for (const node of nodes) {
    node.addEventListener("focusin", () => use(node));
    // A finger moves a slider without giving it the focus.
    node.addEventListener("pointerdown", () => use(node));
  }
  use(nodes[0]);
  if (nodes.length > 1) {
    const more = button(`More controls (${nodes.length - 1})`, "grok-button grok-more", () => {
      const open = panel.classList.toggle("grok-open");
      more.setAttribute("aria-expanded", String(open));
      more.textContent = open ? "Fewer controls" : `More controls (${nodes.length - 1})`;
    });
    more.setAttribute("aria-expanded", "false");
    panel.append(more);
  }
  return { panel, dials };
}
