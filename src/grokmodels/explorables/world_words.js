// @ts-check
/**
 * A world in words: who is who, and what the network says of it.
 *
 * @typedef {{people: string[], relations: string[]}} Words
 * @typedef {{h: number, r: number, s: number | null}} Asked  an entity, a relation, and another one of a question
 */

class Told {
  /** @param {any} recipe @param {Words} words */
  constructor({ task }, { people, relations }) {
    this.people = people;
    this.relations = relations;
    this.task = task;
    this.facts = worldOf(task).facts;
  }

  /** The number of an input. @param {Asked} asked */
  inputOf({ h, r, s }) {
    const { facts } = this;
    const fact = h * this.task.relations + r;
    return s === null ? fact : facts.length + fact * this.task.relations + s;
  }

  /** What is asked of an input. @param {number} input @returns {Asked} */
  askedOf(input) {
    const { relations } = this.task;
    const question = input - this.facts.length;
    const fact = question < 0 ? input : Math.floor(question / relations);
    return { h: Math.floor(fact / relations), r: fact % relations, s: question < 0 ? null : question % relations };
  }

  /** Its entities: who is asked about, the bridge of a question, and the answer. @param {Asked} asked */
  pathOf({ h, r, s }) {
    const { relations } = this.task;
    const bridge = this.facts[h * relations + r];
    return s === null ? [h, bridge] : [h, bridge, this.facts[bridge * relations + s]];
  }

  /** "the teacher of the rival of Ada" @param {Asked} asked */
  phrase({ h, r, s }) {
    const first = `the ${this.relations[r]} of ${this.people[h]}`;
    return s === null ? first : `the ${this.relations[s]} of ${first}`;
  }

  /** "Ada → rival Ben → teacher Cleo" @param {Asked} asked */
  way(asked) {
    const [h, ...others] = this.pathOf(asked).map((entity) => this.people[entity]);
    const hops = others.map((name, hop) => `${this.relations[(hop ? asked.s : asked.r) ?? 0]} ${name}`);
    return [h, ...hops].join(" → ");
  }
}

/** What is told of each world is made once. @type {Map<string, Told>} */
const TOLD = new Map();

/** @param {any} recipe @param {Words} words */
function toldOf(recipe, words) {
  const world = JSON.stringify(recipe.task);
  const told = TOLD.get(world) ?? new Told(recipe, words);
  TOLD.set(world, told);
  return told;
}
