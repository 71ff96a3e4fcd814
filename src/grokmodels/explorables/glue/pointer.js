// @ts-check

/** Where on a chart's scales a pointer is, within their ranges.
 * @param {HTMLElement} box @param {ChartView} view @param {PointerEvent} event @param {string[]} axes
 * @returns {Record<string, number>} axis → value */
function located(box, view, event, axes) {
  const corner = box.getBoundingClientRect();
  const [left, top] = view.origin();
  const { left: padLeft, top: padTop } = view.padding();
  /** @type {Record<string, number>} */
  const pixels = { x: event.clientX - corner.left - left - padLeft, y: event.clientY - corner.top - top - padTop };
  return Object.fromEntries(
    axes.map((axis) => {
      const scale = view.scale(axis);
      const [a, b] = scale.range();
      return [axis, scale.invert(Math.min(Math.max(pixels[axis], Math.min(a, b)), Math.max(a, b)))];
    }),
  );
}

/** Let a finger move along these axes of a chart. Unless it draws there, a stroke upwards still scrolls the page: where
 * both axes move, a tap moves both.
 * @param {HTMLElement} box @param {string[]} axes @param {boolean} draws */
function grasp(box, axes, draws = false) {
  const [x, y] = [axes.includes("x"), axes.includes("y")];
  box.style.touchAction = draws ? "none" : x ? "pan-y" : y ? "pan-x" : "";
  box.classList.toggle("grok-drag", x || y);
}

/** Call `move` with every place that a pressed pointer passes on a chart, unless the stroke scrolls the page.
 * @param {HTMLElement} box @param {(event: PointerEvent) => void} move */
function pressed(box, move) {
  let [left, top, held] = [0, 0, false];
  box.addEventListener("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    [left, top] = [event.clientX, event.clientY];
    // What a finger is about to do shows in its first stroke, or when it lifts.
    held = event.pointerType !== "touch";
    if (held) move(event);
  });
  box.addEventListener("pointermove", (event) => {
    const [x, y] = [Math.abs(event.clientX - left), Math.abs(event.clientY - top)];
    const scrolls = { "pan-y": y >= x, "pan-x": x >= y }[box.style.touchAction];
    held ||= !scrolls;
    if (event.buttons && held) move(event);
  });
  box.addEventListener("pointerup", move);
}
