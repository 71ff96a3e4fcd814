// @ts-check

// Kinds of cells: a gap; then what an input is for the split, twice each, wrong and right.
const [GAP, FACT, SHOWN, HELD_OUT, UNUSED_FACT] = [0, 1, 3, 5, 7];
const STATUS = ["", "a fact", "trained on", "held out", "in need of a fact that no trained question uses"];
// Examples of each kind that stand as sentences.
const EXAMPLES = 2;

/** What the world shows of a network, in the datasets of its charts. @param {Known} network @param {State} state
 * @param {Words} words @returns {Rows} */
function worldRows(network, { person, first, second }, words) {
  const { recipe, last, turned, cells, rows } = network;
  const told = toldOf(recipe, words);
  const { entities, relations } = recipe.task;
  const kindOf = (/** @type {number} */ input) => {
    const [part, right] = [cells[input] >> 1, cells[input] % 2];
    return (input < told.facts.length ? FACT : [HELD_OUT, SHOWN, SHOWN, UNUSED_FACT][part]) + right;
  };
  const asked = { h: Number(person), r: Number(first), s: Number(second) };
  const exists = asked.h < entities && Math.max(asked.r, asked.s) < relations;
  const input = told.inputOf(asked);
  return {
    questions: [tableOfQuestions(network, told, kindOf, exists ? asked : null)],
    // Another list each time: the rows grow in place.
    curves: [...rows],
    sentences: examplesOf(network, told, kindOf),
    readout: {
      ...last,
      facts: last["train_accuracy.facts"],
      shown: last["train_accuracy.questions"],
      one: last["apart_accuracy.one_unused"],
      two: last["apart_accuracy.two_unused"],
      question: exists ? `Who is ${told.phrase(asked)}?` : `This world has ${entities} people, ${relations} relations.`,
      answer: exists ? answerOf(network, told, input) : null,
      way: exists ? told.way(asked) : null,
      status: exists ? STATUS[(kindOf(input) + 1) >> 1] : null,
      color: !exists ? "muted" : cells[input] % 2 ? "generalizing" : "bad",
      turned: turned?.step ?? null,
      when: turned
        ? `half of the held-out questions were right at step ${turned.step}`
        : "fewer than half are right so far",
    },
  };
}

/** A row for each person. @param {Known} network @param {Told} told @param {(input: number) => number} kindOf
 * @param {Asked | null} asked  what is marked @returns {Picture} */
function tableOfQuestions(network, told, kindOf, asked) {
  const { entities, relations } = network.recipe.task;
  const columns = columnsOf(relations);
  const people = Array.from({ length: entities }, (_, h) => h);
  const mark = asked && columns.findIndex((place) => place?.r === asked.r && place.s === asked.s);
  /** What stands at a place of the table. @param {number} h @param {number} at @returns {Asked | null} */
  const askedAt = (h, at) => {
    const place = columns[at];
    return place && { h, ...place };
  };
  return {
    label: "",
    columns: columns.length,
    cells: people.flatMap((h) => columns.map((place) => (place ? kindOf(told.inputOf({ h, ...place })) : GAP))),
    name(h, at) {
      const place = askedAt(h, at);
      return place ? `${told.way(place)}; the network says ${answerOf(network, told, told.inputOf(place))}` : "";
    },
    pick(h, at) {
      const place = askedAt(h, at);
      return place && place.s !== null ? { person: h, first: place.r, second: place.s } : null;
    },
    ...(asked && mark !== null ? { mark: asked.h * columns.length + mark } : {}),
  };
}

/** The columns of the table: each relation's fact, then, for each first relation, the second ones.
 * @param {number} relations @returns {({r: number, s: number | null} | null)[]} */
function columnsOf(relations) {
  const all = Array.from({ length: relations }, (_, r) => r);
  return [...all.map((r) => ({ r, s: null })), ...all.flatMap((r) => [null, ...all.map((s) => ({ r, s }))])];
}

/** What the network answers to an input, in words. @param {Known} network @param {Told} told @param {number} input */
function answerOf({ cells, said, sure }, told, input) {
  return `${told.people[said[input]]} (${Math.round(100 * sure[input])} %), ${cells[input] % 2 ? "right" : "wrong"}`;
}

/** Some facts and questions of every kind. @param {Known} network @param {Told} told
 * @param {(input: number) => number} kindOf */
function examplesOf({ cells, said, sure }, told, kindOf) {
  const all = Array.from(cells, (_, input) => input);
  const chosen = [FACT, SHOWN, HELD_OUT, UNUSED_FACT].flatMap((kind) => {
    const own = all.filter((input) => kindOf(input) === kind || kindOf(input) === kind + 1);
    const places = Array.from({ length: Math.min(EXAMPLES, own.length) }, (_, i) => (i + 0.5) / EXAMPLES);
    return places.map((place) => own[Math.floor(place * own.length)]);
  });
  return chosen.map((input, line) => ({
    line,
    kind: (kindOf(input) + 1) >> 1,
    words: told.phrase(told.askedOf(input)),
    answer: `${cells[input] % 2 ? "✓" : "✗"} ${told.people[said[input]]} ${Math.round(100 * sure[input])} %`,
  }));
}

/** What the controls of a recipe say, but for its decay. @param {any} recipe */
function worldSettings({ task, fraction }) {
  return [
    `${task.entities} people`,
    `${task.relations} relations`,
    `${Math.round(100 * fraction)} % of the questions`,
    `${Math.round(100 * task.unused)} % of the facts unused`,
  ];
}
