// @ts-check

/** Tables of cells on canvases, a pixel a cell, which the style scales; to `mount.js` a view like one of Vega's.
 * @param {HTMLElement} box @param {Raster} raster @param {Picture[]} tables @param {(changes: State) => void} set
 * @returns {View} */
function rasterIn(box, { kinds, hint }, tables, set) {
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
  let pointed = false;
  const percent = (/** @type {number} */ part) => `${100 * part}%`;

  /** The row and the column under a pointer; none where there is no cell.
   * @param {PointerEvent} event @param {Picture} table @returns {[number, number] | null} */
  function placeOf({ offsetX, offsetY, currentTarget }, { columns, cells }) {
    const { clientWidth, clientHeight } = /** @type {Element} */ (currentTarget);
    const rows = cells.length / columns;
    const [a, b] = [Math.floor((offsetY / clientHeight) * rows), Math.floor((offsetX / clientWidth) * columns)];
    return a >= 0 && a < rows && b >= 0 && b < columns ? [a, b] : null;
  }

  /** What a cell is; nothing where it has no name. @param {Picture} table @param {number} a @param {number} b */
  function described({ columns, cells, name }, a, b) {
    const called = name?.(a, b);
    return called ? `${called}: ${kinds[cells[a * columns + b]].words}` : "";
  }

  /** Say what is under the pointer. @param {PointerEvent} event @param {Picture} table */
  function tell(event, table) {
    const place = placeOf(event, table);
    const words = place && described(table, ...place);
    if (!words) return;
    pointed = true;
    told.textContent = words;
  }

  /** Set what the cell under the pointer stands for. @param {PointerEvent} event @param {Picture} table */
  function choose(event, table) {
    const place = placeOf(event, table);
    const changes = place && table.pick?.(...place);
    if (!changes) return;
    pointed = false;
    set(changes);
  }

  /** Nobody points at a cell: say what the marked one is. */
  function rest() {
    pointed = false;
    const marked = tables.find(({ mark }) => mark !== undefined);
    const { mark = 0, columns = 1 } = marked ?? {};
    told.textContent = marked ? described(marked, Math.floor(mark / columns), mark % columns) : hint;
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
      canvas.addEventListener("pointerup", (pointer) => choose(pointer, tables[at]));
      canvas.addEventListener("pointerleave", ({ pointerType }) => {
        if (pointerType === "mouse") rest();
      });
      row.append(make("div", {}, make("span"), make("div", { class: "grok-cells" }, canvas, make("i"))));
    }
  }

  function paint() {
    fit();
    row.classList.toggle(
      "grok-wide",
      tables.some(({ columns, cells }) => columns ** 2 > cells.length),
    );
    for (const [i, { label, columns, cells, mark }] of tables.entries()) {
      const [words, grid] = /** @type {HTMLElement[]} */ ([...row.children[i].children]);
      const [canvas, frame] = /** @type {[HTMLCanvasElement, HTMLElement]} */ ([...grid.children]);
      const rows = cells.length / columns;
      words.textContent = label;
      if (canvas.width !== columns) canvas.width = columns;
      if (canvas.height !== rows) canvas.height = rows;
      const image = new ImageData(columns, rows);
      const pixels = new Uint32Array(image.data.buffer);
      for (let cell = 0; cell < pixels.length; cell++) pixels[cell] = colors[cells[cell]];
      canvas.getContext("2d")?.putImageData(image, 0, 0);
      frame.hidden = mark === undefined;
      if (mark === undefined) continue;
      frame.style.top = percent(Math.floor(mark / columns) / rows);
      frame.style.left = percent((mark % columns) / columns);
      frame.style.height = percent(1 / rows);
      frame.style.width = percent(1 / columns);
    }
    if (!pointed && tables.some(({ mark }) => mark !== undefined)) rest();
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
