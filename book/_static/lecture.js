// @ts-check
// Lecture mode: one step of the page on stage at a time. Without this script the steps follow one another.

(() => {
  const steps = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".grok-step")]);
  const stage = /** @type {HTMLElement} */ (steps[0].parentElement);
  const presenter = new URLSearchParams(location.search).has("notes");
  // Two windows with the same plan step together.
  const channel = new BroadcastChannel(`lecture ${location.pathname}`);
  let at = -1;

  /** An element in a parent. @param {HTMLElement} parent @param {string} tag @param {Record<string, string>} attributes
   * @param {string} text */
  function add(parent, tag, attributes, text = "") {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.textContent = text;
    parent.append(node);
    return node;
  }

  /** @param {string} text @param {string} label @param {() => void} press */
  function button(text, label, press) {
    const node = add(bar, "button", { type: "button", "aria-label": label, title: label }, text);
    node.addEventListener("click", press);
    return node;
  }

  /** What a step is called. @param {HTMLElement} step */
  const titleOf = (step) => step.querySelector("h2")?.firstChild?.textContent ?? "";

  /** Put a step on stage. @param {number} next  counted from 0 */
  function show(next) {
    if (next === at || !steps[next]) return;
    at = next;
    for (const [i, step] of steps.entries()) {
      step.classList.toggle("grok-now", i === at);
      step.inert = i !== at;
    }
    const minutes = steps[at].querySelector(".grok-minutes")?.textContent ?? "";
    counter.replaceChildren();
    add(counter, "strong", {}, `${at + 1} / ${steps.length}`);
    add(counter, "span", {}, ` · ${minutes.toLowerCase()}`);
    add(counter, "span", { class: "grok-unseen" }, ` · ${titleOf(steps[at])}`);
    back.disabled = at === 0;
    on.disabled = at === steps.length - 1;
    if (!bar.contains(document.activeElement)) steps[at].focus({ preventScroll: true });
    // An entry of the history for each step would make the way out long.
    location.replace(`#${steps[at].id}`);
  }

  /** The same, in all windows. @param {number} next */
  function go(next) {
    show(next);
    channel.postMessage(at);
  }

  /** Follow the address: of a step, or of something in one. */
  function follow() {
    const named = document.getElementById(location.hash.slice(1).split("&")[0]);
    return steps.findIndex((step) => named && step.contains(named));
  }

  function toggleNotes() {
    notes.setAttribute("aria-pressed", String(stage.classList.toggle("grok-noting")));
  }

  function toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  }

  /** Scroll what is too tall for its step. @param {number} direction */
  function scroll(direction) {
    for (const box of [steps[at], ...steps[at].querySelectorAll(".grok-main")]) box.scrollBy(0, 80 * direction);
  }

  /** @type {Record<string, () => void>} */
  const TURNS = {
    ArrowRight: () => go(at + 1),
    ArrowLeft: () => go(at - 1),
    PageDown: () => go(at + 1),
    PageUp: () => go(at - 1),
    Home: () => go(0),
    End: () => go(steps.length - 1),
    ArrowDown: () => scroll(1),
    ArrowUp: () => scroll(-1),
  };
  /** @type {Record<string, () => void>} */
  const LETTERS = { f: toggleFull, n: toggleNotes };

  /** @param {KeyboardEvent} event */
  function press(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const control = target.closest("input, select, textarea, [contenteditable]");
    // Back from a slider to the steps.
    if (control && event.key === "Escape") return steps[at].focus({ preventScroll: true });
    const dial = control?.matches("[type=range], [type=radio]");
    let act = control && !dial ? undefined : LETTERS[event.key];
    if (!control) act ??= TURNS[event.key];
    // On a button, a link or a fold, space is a press.
    if (event.key === " " && !target.closest("input, select, textarea, button, a, summary")) {
      act = event.shiftKey ? TURNS.PageUp : TURNS.PageDown;
    }
    if (!act) return;
    event.preventDefault();
    act();
  }

  // What is around the stage is neither seen nor reached nor spoken.
  for (let node = stage; node !== document.body; node = /** @type {HTMLElement} */ (node.parentElement)) {
    for (const other of node.parentElement?.children ?? []) {
      if (other !== node) other.classList.add("grok-offstage");
    }
  }
  for (const step of steps) step.tabIndex = -1;
  stage.classList.add("grok-stage");
  document.documentElement.classList.add("grok-lecturing");

  const bar = add(stage, "nav", { class: "grok-bar", "aria-label": "Steps" });
  const back = /** @type {HTMLButtonElement} */ (button("‹", "Step back", () => go(at - 1)));
  const counter = add(bar, "p", { role: "status" });
  const on = /** @type {HTMLButtonElement} */ (button("›", "Next step", () => go(at + 1)));
  const notes = button("Notes", "Notes (n)", toggleNotes);
  if (presenter) {
    stage.classList.add("grok-presenter");
    toggleNotes();
    for (const [i, step] of steps.entries()) {
      const next = steps[i + 1];
      if (next) add(step, "p", { class: "grok-next" }, `Next: ${titleOf(next)}`);
    }
    if (location.protocol === "file:") {
      const told = "From disk, a browser may keep its windows apart. If this one does not follow, step it by hand.";
      add(bar, "p", { class: "grok-apart" }, told);
    }
  } else {
    add(bar, "a", { href: "?notes", target: "_blank", class: "grok-second" }, "Notes in a second window");
  }
  button("Full screen", "Full screen (f)", toggleFull).className = "grok-full";
  add(bar, "a", { href: "teaching.html" }, "Leave");

  document.addEventListener("keydown", press);
  addEventListener("hashchange", () => {
    const named = follow();
    if (named >= 0 && named !== at) go(named);
  });
  // A sentence that moves an explorable leads to its step.
  document.addEventListener("click", ({ target }) => {
    const link = target instanceof Element ? target.closest("a.grok-set") : null;
    const named = steps.findIndex((step) => link && step.querySelector(link.getAttribute("href") ?? ""));
    if (named >= 0 && named !== at) go(named);
  });
  channel.addEventListener("message", ({ data }) => {
    if (data === "where") channel.postMessage(at);
    else show(data);
  });
  show(Math.max(0, follow()));
  if (presenter) channel.postMessage("where");
})();
