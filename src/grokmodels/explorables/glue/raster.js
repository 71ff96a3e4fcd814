// @ts-check

/** Tables of cells on canvases, a pixel a cell, which the style scales; to `mount.js` a view like one of Vega's.
 * @param {HTMLElement} box @param {Raster} raster @param {Picture[]} tables @returns {View} */
function rasterIn(box, { kinds, hint }, tables) {
  const row = make("div", { class: "grok-tables" });
  const told = make("p", { class: "grok-cell" }, hint);
  const legend = make("p", { class: "grok-legend" });
  for (const { color, strength, words } of kinds.filter((kind) => kind.legend)) {
    const swatch = make("i", { style: `--grok-color: var(--grok-${color}); --grok-strength: ${strength}` });
    legend.append(make("span", {}, swatch, words));
  }
  box.setAttribute("role", "img");
  box.append(row, told, legend);

  /** Each kind as the four bytes of a pixel, in the colors of the theme. */
  function pixels() {
    const style = getComputedStyle(box);
    const bytes = kinds.flatMap(({ color, strength }) => {
      const hex = style.getPropertyValue(`--grok-${color}`).trim();
      return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).concat(Math.round(255 * strength));
    });
    return new Uint32Array(Uint8Array.from(bytes).buffer);
  }
  let colors = pixels();

  /** Say what is under the pointer. @param {PointerEvent} event @param {Picture} table */
  function tell({ offsetX, offsetY, currentTarget }, { size, cells, name }) {
    const { clientWidth, clientHeight } = /** @type {Element} */ (currentTarget);
    const [a, b] = [offsetY / clientHeight, offsetX / clientWidth].map((part) => Math.floor(part * size));
    if (a in cells && a < size && b >= 0 && b < size && name) {
      told.textContent = `${name(a, b)}: ${kinds[cells[a * size + b]].words}`;
    }
  }

  /** As many canvases as tables, each with its label. */
  function fit() {
    while (row.children.length > tables.length) row.lastElementChild?.remove();
    while (row.children.length < tables.length) {
      const at = row.children.length;
      const canvas = make("canvas");
      // A finger points by a tap.
      for (const event of /** @type {const} */ (["pointermove", "pointerdown"])) {
        canvas.addEventListener(event, (pointer) => tell(pointer, tables[at]));
      }
      canvas.addEventListener("pointerleave", ({ pointerType }) => {
        if (pointerType === "mouse") told.textContent = hint;
      });
      row.append(make("div", {}, make("span"), canvas));
    }
  }

  function paint() {
    fit();
    for (const [i, { label, size, cells }] of tables.entries()) {
      const [words, canvas] = /** @type {[HTMLElement, HTMLCanvasElement]} */ ([...row.children[i].children]);
      words.textContent = label;
      if (canvas.width !== size) canvas.width = canvas.height = size;
      const image = new ImageData(size, size);
      const pixels = new Uint32Array(image.data.buffer);
      for (let cell = 0; cell < pixels.length; cell++) pixels[cell] = colors[cells[cell]];
      canvas.getContext("2d")?.putImageData(image, 0, 0);
    }
  }

  // The canvas keeps the colors that it was painted in, so it is painted anew where the book's or Jupyter's theme changes.
  const theme = new MutationObserver(() => {
    colors = pixels();
    paint();
  });
  for (const [node, attribute] of /** @type {const} */ ([
    [document.documentElement, "data-theme"],
    [document.body, "data-jp-theme-light"],
  ])) {
    theme.observe(node, { attributeFilter: [attribute] });
  }
  paint();

  return {
    data(_, rows) {
      tables = /** @type {Picture[]} */ (/** @type {unknown} */ (rows));
      return this;
    },
    async runAsync() {
      paint();
      return this;
    },
    description(text) {
      box.setAttribute("aria-label", text);
      return this;
    },
    // It has no parameters.
    signal() {
      return this;
    },
    finalize: () => theme.disconnect(),
  };
}
