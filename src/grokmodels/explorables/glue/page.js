// @ts-check

/** The address of a page with an explorable in a state: `#explorable-clock&degree=3`.
 * @param {Root} root @param {State} state */
function linkTo(root, state) {
  const values = new URLSearchParams(Object.entries(state).map(([trait, value]) => [trait, String(value)]));
  return `#${root.id}&${values}`;
}

/** Show the state that the page's address holds. */
async function restore() {
  let hash = location.hash;
  try {
    hash = decodeURI(hash);
  } catch {
    // No address of ours: it is left as it is, and leads nowhere.
  }
  const [id, ...values] = hash.slice(1).split("&");
  const root = /** @type {Root | null} */ (document.getElementById(id));
  if (!root?.explorable || !values.length) return;
  const { controls } = payloadOf(root);
  const changes = [...new URLSearchParams(values.join("&"))].map(([trait, value]) => {
    return [trait, controls[trait]?.kind === "slider" ? Number(value) : value];
  });
  await root.explorable.set(Object.fromEntries(changes));
  root.scrollIntoView({ block: "nearest" });
}

/** @type {IntersectionObserver | null} */
let watch = null;

/** While a sentence that moved an explorable is out of sight, the explorable has a way back to it.
 * @param {HTMLElement} link @param {Root} root */
function offerReturn(link, root) {
  watch?.disconnect();
  document.querySelector(".grok-return")?.remove();
  const back = button("Back to the text", "grok-button grok-return", () => {
    glideTo(link, "center");
    link.focus({ preventScroll: true });
  });
  back.hidden = true;
  root.append(back);
  // What lies below the theme's bar, or only in part in the window, is out of sight.
  const bar = document.querySelector(".bd-header-article")?.clientHeight ?? 0;
  const sight = { rootMargin: `-${bar}px 0px 0px`, threshold: 1 };
  watch = new IntersectionObserver(([{ isIntersecting }]) => {
    back.hidden = isIntersecting;
  }, sight);
  watch.observe(link);
}

/** Sentences that move the chart: <a class="grok-set" href="#explorable-NAME" data-explorable="NAME" data-state='{…}'>,
 * with data-chart="CHART" where they are about one of several. The page scrolls only if no chart that changes, or not
 * that one, can be seen.
 * @param {MouseEvent} event */
async function follow(event) {
  const link = event.target instanceof Element ? event.target.closest(".grok-set") : null;
  if (!(link instanceof HTMLElement)) return;
  const root = /** @type {Root | null} */ (
    document.querySelector(`.grok-explorable[data-name="${link.dataset.explorable}"]`)
  );
  if (!root?.explorable) return;
  event.preventDefault();
  const changed = await root.explorable.set(JSON.parse(link.dataset.state ?? "{}"));
  const all = [...root.querySelectorAll(".grok-chart")];
  const meant = link.dataset.chart ? [link.dataset.chart] : changed;
  const figures = all.filter((figure) => meant.includes(figure.getAttribute("data-chart") ?? ""));
  bringIntoSight(figures.length ? figures : all);
  offerReturn(link, root);
}

async function start() {
  document.addEventListener("click", follow);
  addEventListener("hashchange", restore);
  // Without Vega the pictures stay.
  if (!("vegaEmbed" in window)) return;
  const roots = /** @type {NodeListOf<Root>} */ (document.querySelectorAll(".grok-explorable"));
  await Promise.all([...roots].map((root) => mount(root)));
  await restore();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
window.grokExplorables = { mount };
