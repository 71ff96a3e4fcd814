// @ts-check
/*
 * The explorable as a widget in live Jupyter. Scripts, style and markup are asked of the Python kernel by message: they
 * are too large to be synced, and saved, with every widget.
 */

/**
 * @typedef {{get: (trait: string) => any, set: (trait: string, value: any) => void, save_changes: () => void,
 *   send: (message: {ask: "page" | "html"}) => void, on: (event: string, answer: (message: any) => void) => void,
 *   off: (event: string, answer: (message: any) => void) => void}} Model  what anywidget gives
 */

/** Ask the kernel and wait for its answer. @param {Model} model @param {"page" | "html"} what @returns {Promise<any>} */
function ask(model, what) {
  return new Promise((resolve) => {
    /** @param {any} message */
    const answer = (message) => {
      if (message.what !== what) return;
      model.off("msg:custom", answer);
      resolve(message);
    };
    model.on("msg:custom", answer);
    model.send({ ask: what });
  });
}

/** Scripts and style, once per page however many explorables it shows. @param {Model} model */
async function load(model) {
  const { style, scripts } = await ask(model, "page");
  for (const [tag, text] of [["style", style], ...scripts.map((/** @type {string} */ script) => ["script", script])]) {
    const node = document.createElement(tag);
    node.textContent = text;
    document.head.append(node);
  }
}

/** @param {{model: Model, el: HTMLElement}} context */
async function render({ model, el }) {
  el.textContent = "Waiting for the kernel: run this cell to load the explorable.";
  // JupyterLab would take the arrow keys for itself; it looks for this mark on the element that has the focus.
  el.addEventListener("focusin", ({ target }) => {
    if (target instanceof Element) target.setAttribute("data-lm-suppress-shortcuts", "true");
  });
  window.grokLoaded ??= load(model);
  await window.grokLoaded;
  /** @type {{html: string, traits: string[]}} */
  const { html, traits } = await ask(model, "html");
  el.innerHTML = html;
  // A notebook's address says nothing of its explorables.
  el.querySelector(".grok-foot")?.remove();
  const root = /** @type {Root} */ (el.firstElementChild);
  const initial = Object.fromEntries(traits.map((trait) => [trait, model.get(trait)]));
  const explorable = await window.grokExplorables.mount(root, initial, (changes) => {
    for (const [trait, value] of Object.entries(changes)) model.set(trait, value);
    model.save_changes();
  });
  for (const trait of traits) {
    model.on(`change:${trait}`, () => {
      if (model.get(trait) !== explorable.state[trait]) explorable.set({ [trait]: model.get(trait) });
    });
  }
  return explorable.remove;
}

export default { render };
