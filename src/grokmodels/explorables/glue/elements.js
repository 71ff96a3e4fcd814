// @ts-check
/**
 * @typedef {number | string} Value
 * @typedef {Record<string, Value>} State                 trait → value
 * @typedef {Record<string, any>} Row
 * @typedef {{readout?: Row, [dataset: string]: any}} Rows  dataset → rows, beside the readout's values
 * @typedef {{kind: "slider" | "choice", label: string, values: Value[], texts: string[], play?: boolean}} Control
 * @typedef {{spec: object, reads: string[], follows: string[], drag: Record<string, string>,
 *   caption: string, alt: string, raster?: Raster}} Chart  a raster has no specification
 * @typedef {{source: string, kinds: {color: string, strength: number, words: string, legend: boolean}[],
 *   hint: string}} Raster
 * @typedef {{label: string, value: string, color: string, none: string}} Readout
 * @typedef {{chart: string, kind: "mark" | "draw", prompt: string, state: State, answer: string, format: string,
 *   awaits: string}} Guess
 * @typedef {{controls: Record<string, Control>, state: State, presets: Record<string, State>, guess: Guess | null,
 *   charts: Record<string, Chart>, readout: Readout[], config: object, data: any, kernel: string | null,
 *   process: string | null}} Payload
 * @typedef {{node: HTMLElement, show: (value: Value) => void}} Dial
 * @typedef {{state: State, set: (changes: State) => Promise<string[]>, views: Record<string, View>,
 *   remove: () => void}} Explorable
 */

/** An element with attributes and children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, string | number>} attributes @param {(Node | string)[]} children */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** A part that the markup of an explorable has. @param {Root} root @param {string} selector */
function part(root, selector) {
  return /** @type {HTMLElement} */ (root.querySelector(selector));
}

/** @param {Root} root @returns {Payload} */
function payloadOf(root) {
  return JSON.parse(part(root, ".grok-payload").textContent ?? "");
}

/** A button. @param {string} text @param {string} kind  its class @param {() => void} press */
function button(text, kind, press) {
  const node = make("button", { type: "button", class: kind }, text);
  node.addEventListener("click", press);
  return node;
}

/** Columns of equal length to rows. @param {Record<string, any[]>} columns @returns {Row[]} */
function toRows(columns) {
  const names = Object.keys(columns);
  return columns[names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
}

/** A template's text: `{name}` is a value as it is shown, `{name:format}` a number in d3's format, a dash where there
 * is none; `words.py` does the same.
 * @param {string} template @param {Row} values @param {Locale} locale */
function fill(template, values, locale) {
  return template.replace(/{(\w+)(?::([^}]*))?}/g, (_, name, format) => {
    const value = values[name];
    if (value === null || value === undefined) return "–";
    return format ? locale.format(format)(value.raw ?? value) : String(value.text ?? value);
  });
}

/** Whether the reader asked for less motion. */
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Whether most of an element can be seen. @param {Element} element */
function inSight(element) {
  const { top, bottom, height } = element.getBoundingClientRect();
  return Math.min(bottom, innerHeight) - Math.max(top, 0) > 0.6 * Math.min(height, innerHeight);
}

/** Scroll to an element, at once where motion is unwanted. @param {Element} element @param {ScrollLogicalPosition} block */
function glideTo(element, block) {
  element.scrollIntoView({ block, behavior: calm() ? "auto" : "smooth" });
}

/** Scroll to the first of some elements unless one of them can be seen. @param {Element[]} elements */
function bringIntoSight(elements) {
  if (!elements.some(inSight)) glideTo(elements[0], "nearest");
}
