// @ts-check
/**
 * The engine as a worker of a page: one network, trained in slices between which it hears what the page says.
 *
 * @typedef {{do: "start", recipe: any, wasm: string | null} | {do: "run"} | {do: "step"} | {do: "pause"} |
 *   {do: "change", changes: Record<string, number | null>} | {do: "drawn"} | {do: "file"}} Order
 */

// A slice is short, so that a pause comes at once; frames are rarer, so that the page has time to draw them.
const [SLICE, BETWEEN_FRAMES] = [20, 100];

/** @param {{postMessage: (message: any) => void, onmessage: ((event: {data: Order}) => void) | null}} port */
function serve(port) {
  /** @type {Training | null} */
  let training = null;
  let until = 0;
  /** Rows of the history that the page has. */
  let sent = 0;
  let drawn = true;
  let shownAt = 0;
  // A message to oneself lets waiting messages in, without the delay that a nested timer has.
  const turn = new MessageChannel();
  let turning = false;
  turn.port1.onmessage = () => {
    turning = false;
    slice();
  };

  const running = () => training !== null && training.status === null && training.step < until;

  function show() {
    if (!training) return;
    const frame = training.frame(sent);
    sent += frame.rows.length;
    drawn = false;
    shownAt = performance.now();
    port.postMessage({ what: "frame", ...frame });
  }

  function slice() {
    if (!training || !running()) return;
    const begun = performance.now();
    while (running() && performance.now() < begun + SLICE) {
      training.advance(Math.min(until, training.step + 1));
    }
    if (!running() || (drawn && performance.now() > shownAt + BETWEEN_FRAMES)) show();
    if (running() && !turning) {
      turning = true;
      turn.port2.postMessage(null);
    }
  }

  /** @param {number} step */
  function go(step) {
    const idle = !running();
    until = step;
    training?.resume();
    if (idle) slice();
  }

  /** @param {Order} order */
  function obey(order) {
    if (order.do === "start") {
      training = new Training(order.recipe, order.wasm === null ? null : compiled(order.wasm));
      until = 0;
      sent = 0;
      return show();
    }
    if (order.do === "drawn") drawn = true;
    if (!training) return;
    if (order.do === "change") {
      training.change(order.changes);
      // The last row may be another one now.
      sent = Math.min(sent, training.rows.length - 1);
      if (!running()) show();
    }
    if (order.do === "file") port.postMessage({ what: "file", run: training.written() });
    if (order.do === "pause") {
      until = 0;
      show();
    }
    if (order.do === "run") go(Number.POSITIVE_INFINITY);
    if (order.do === "step") go(training.nextEvaluation);
  }

  port.onmessage = ({ data }) => {
    try {
      obey(data);
    } catch (reason) {
      port.postMessage({ what: "failed", reason: String(reason) });
    }
  };
}

/** The bytes of kernels.wasm, or null where they cannot be compiled: WebAssembly or its SIMD may be missing.
 * @param {string} base64 */
function compiled(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return typeof WebAssembly === "object" && WebAssembly.validate(bytes) ? bytes : null;
}
