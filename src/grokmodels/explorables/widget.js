// @ts-check
/*
 * The explorable as a widget in live Jupyter. Scripts, style and markup are asked of the Python kernel by message: they
 * are too large to be synced, and saved, with every widget.
 */

/** Ask the kernel and wait for its answer.
 * @param {any} model @param {"page" | "html"} what @returns {Promise<any>} */
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

/** Scripts and style, once per page however many explorables it shows. @param {any} model */
async function load(model) {
  const { style, scripts } = await ask(model, "page");
  for (const [tag, text] of [["style", style], ...scripts.map((/** @type {string} */ script) => ["script", script])]) {
    const node = document.createElement(tag);
    node.textContent = text;
    document.head.append(node);
  }
}

/** @param {{model: any, el: HTMLElement}} context */
async function render({ model, el }) {
  /** @type {any} */
  const page = window;
  el.textContent = "Waiting for the kernel: run this cell to load the explorable.";
  page.grokLoaded ??= load(model);
  await page.grokLoaded;
  const { html, traits } = await ask(model, "html");
  el.innerHTML = html;
  /** @type {string[]} */
  const names = traits;
  const initial = Object.fromEntries(names.map((trait) => [trait, model.get(trait)]));
  const explorable = await page.grokExplorables.mount(el.firstElementChild, initial, (/** @type {any} */ changes) => {
    for (const trait of Object.keys(changes)) model.set(trait, explorable.state[trait]);
    model.save_changes();
  });
  // JupyterLab would take the arrow keys for itself; it looks for this mark on the element that has the focus.
  for (const control of el.querySelectorAll("input, button")) control.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const trait of names) {
    model.on(`change:${trait}`, () => {
      if (model.get(trait) !== explorable.state[trait]) explorable.set({ [trait]: model.get(trait) });
    });
  }
  return explorable.remove;
}

export default { render };
