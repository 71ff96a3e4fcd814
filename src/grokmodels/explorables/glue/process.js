// @ts-check

/** Have a reader download an object as JSON. @param {string} name @param {any} content */
function save(name, content) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(content)], { type: "application/json" }));
  make("a", { href: url, download: name }).click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The buttons of a process; `show` says what they do now. @param {Process} process */
function pressesOf(process) {
  const nodes = process.buttons().map((_, i) => button("", "grok-button", () => process.buttons()[i].press()));
  const node = make("div", { class: "grok-presses", role: "group", "aria-label": "Training" }, ...nodes);
  function show() {
    for (const [i, { text, off }] of process.buttons().entries()) {
      if (nodes[i].textContent !== text) nodes[i].textContent = text;
      nodes[i].hidden = !text;
      nodes[i].disabled = Boolean(off);
    }
  }
  return { node, show };
}

/** Does a task again as long as it is asked to, never twice at once. @param {() => Promise<void>} task */
function again(task) {
  let due = false;
  /** @type {Promise<void> | null} */
  let busy = null;
  async function work() {
    while (due) {
      due = false;
      await task();
    }
    busy = null;
  }
  return () => {
    due = true;
    busy ??= work();
    return busy;
  };
}

/** Calls `look` when one of some elements comes into sight or leaves it; it is given those that can be seen.
 * @param {Element[]} elements @param {() => void} look */
function sightOf(elements, look) {
  /** @type {Set<Element>} */
  const seen = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) seen.add(target);
      else seen.delete(target);
    }
    look();
  });
  for (const element of elements) observer.observe(element);
  return { seen, stop: () => observer.disconnect() };
}
