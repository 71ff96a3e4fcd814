// @ts-check

/** Where on a chart's scales a pointer is, within their ranges.
 * @param {HTMLElement} box @param {View} view @param {PointerEvent} event @param {string[]} axes
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

/** Let a finger move along these axes of a chart; in any other direction it still scrolls the page.
 * @param {HTMLElement} box @param {string[]} axes */
function grasp(box, axes) {
  const [x, y] = [axes.includes("x"), axes.includes("y")];
  box.style.touchAction = x && y ? "none" : x ? "pan-y" : y ? "pan-x" : "";
  box.classList.toggle("grok-drag", x || y);
}

/** Call `move` with every place that a pressed pointer passes on a chart.
 * @param {HTMLElement} box @param {(event: PointerEvent) => void} move */
function pressed(box, move) {
  box.addEventListener("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    move(event);
  });
  box.addEventListener("pointermove", (event) => {
    if (event.buttons) move(event);
  });
}
