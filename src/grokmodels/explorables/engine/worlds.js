// @ts-check
/**
 * Facts about a world, h r, and two-hop questions that join two of them, h r s, as the library's `TwoHop` in symbols:
 * tokens are the entities, then the relations, then the padding, which is never read.
 *
 * @typedef {{kind: "two-hop", entities: number, relations: number, unused: number, world_seed: number}} TwoHop
 * @typedef {{facts: number[], unused: Uint8Array}} World  of each fact h · relations + r its answer, and whether no
 *   question that is trained on needs it
 */

/** @param {TwoHop} task @returns {World} */
function worldOf({ entities, relations, unused, world_seed }) {
  const random = new Random(world_seed, WORLD);
  const facts = Array.from({ length: entities * relations }, () => random.below(entities));
  const left = new Uint8Array(facts.length);
  const order = new Random(world_seed, UNUSED).shuffled(facts.keys());
  for (const fact of order.slice(0, rounded(unused * facts.length))) left[fact] = 1;
  return { facts, unused: left };
}

/** All facts, in order, and then every question (h · relations + r) · relations + s. @param {TwoHop} task
 * @returns {Table} */
function questionsOf(task) {
  const { entities, relations } = task;
  const { facts, unused } = worldOf(task);
  const alone = facts.map((_, fact) => [Math.floor(fact / relations), entities + (fact % relations)]);
  const joined = alone.flatMap((fact) => Array.from({ length: relations }, (_, s) => [...fact, entities + s]));
  /** The second fact of question (h · relations + r) · relations + s. @param {number} question */
  const second = (question) => facts[Math.floor(question / relations)] * relations + (question % relations);
  const numbers = [...joined.keys()];
  const labels = [...facts, ...numbers.map((question) => facts[second(question)])];
  const needed = numbers.map((question) => unused[Math.floor(question / relations)] + unused[second(question)]);
  const needing = (/** @type {number} */ count) =>
    numbers.filter((question) => needed[question] === count).map((question) => facts.length + question);
  const [core, drawn] = [[...facts.keys()], needing(0)];
  const subsets = [
    { name: "train_accuracy.facts", part: TRAIN, inputs: core },
    { name: "train_accuracy.questions", part: TRAIN, inputs: drawn },
    { name: "apart_accuracy.one_unused", part: APART, inputs: needing(1) },
    { name: "apart_accuracy.two_unused", part: APART, inputs: needing(2) },
  ].slice(0, task.unused ? 4 : 2);
  const inputs = [...alone, ...joined];
  return { inputs, labels, tokens: entities + relations + 1, classes: entities, symmetry: null, core, drawn, subsets };
}
