/** What the scripts find in the page, or leave there: of Vega and d3, what is used. */
declare const vegaEmbed: (box: HTMLElement, spec: object, options: object) => Promise<{ view: ChartView }>;

/** What is asked of every chart. */
interface View {
  data(name: string, rows: Row[]): View;
  description(text: string): View;
  finalize(): void;
  runAsync(): Promise<View>;
  signal(name: string): unknown;
  signal(name: string, value: unknown): View;
}

/** What is asked of one with axes. */
interface ChartView extends View {
  locale(): Locale;
  origin(): [number, number];
  padding(): { left: number; top: number };
  scale(name: string): Scale;
}

interface Scale {
  (value: number): number;
  invert(pixel: number): number;
  range(): [number, number];
}

interface Locale {
  format(style: string): (value: number) => string;
}

/** The element of an explorable, and what it becomes when it is mounted. */
interface Root extends HTMLElement {
  explorable?: Explorable;
}

/** A table of cells, row after row, each the number of its kind; `name` says what a cell is, `pick` what a click on it
 * sets. One cell may have a `mark`: it is told of while nobody points at another. */
interface Picture {
  label: string;
  columns: number;
  cells: ArrayLike<number>;
  name?: (row: number, column: number) => string;
  pick?: (row: number, column: number) => State | null;
  mark?: number;
}

/** What runs on and on, as the training of a network does: it gives rows as a kernel, and tells when there are others. */
interface Process {
  /** The controls moved. */
  set(changes: State): void;
  /** The very same arrays as long as nothing changed. */
  rows(): Rows;
  /** What it gave is on the page. */
  drawn(): void;
  /** What its buttons do now, always as many. */
  buttons(): Press[];
  running(): boolean;
  /** Nobody looks at the page, or somebody does again. */
  rest(hidden: boolean): void;
  /** Back to the beginning, for a guess. */
  restart(): void;
  /** And on from there. */
  start(): void;
  remove(): void;
}

/** A button without text is hidden. */
interface Press {
  text: string;
  press: () => void;
  off?: boolean;
}

/** What a process may ask of the page; `save` has the reader download an object. */
interface Hooks {
  state: State;
  changed: () => void;
  calm: () => boolean;
  save: (name: string, content: unknown) => void;
}

interface Window {
  grokExplorables: { mount: (root: Root, initial?: State, changed?: (changes: State) => void) => Promise<Explorable> };
  grokLoaded?: Promise<void>;
}
