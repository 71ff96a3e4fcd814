/** What the scripts find in the page, or leave there: of Vega and d3, what is used. */
declare const vegaEmbed: (box: HTMLElement, spec: object, options: object) => Promise<{ view: View }>;

interface View {
  data(name: string, rows: Row[]): View;
  description(text: string): View;
  finalize(): void;
  locale(): Locale;
  origin(): [number, number];
  padding(): { left: number; top: number };
  runAsync(): Promise<View>;
  scale(name: string): Scale;
  signal(name: string): unknown;
  signal(name: string, value: unknown): View;
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

interface Window {
  grokExplorables: { mount: (root: Root, initial?: State, changed?: (changes: State) => void) => Promise<Explorable> };
  grokLoaded?: Promise<void>;
}
