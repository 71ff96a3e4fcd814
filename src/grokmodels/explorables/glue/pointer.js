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

/** Call `move` with every place that a pressed pointer passes on a chart.
 * @param {HTMLElement} box @param {string[]} axes @param {(event: PointerEvent) => void} move */
function pressed(box, axes, move) {
  // One finger moves along a single axis; the other direction still scrolls the page.
  box.style.touchAction = axes.includes("x") ? (axes.includes("y") ? "none" : "pan-y") : "pan-x";
  box.classList.add("grok-drag");
  box.addEventListener("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    move(event);
  });
  box.addEventListener("pointermove", (event) => {
    if (event.buttons) move(event);
  });
}
