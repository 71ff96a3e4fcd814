// @ts-check
/**
 * Networks that train as the reader watches, each in a worker of its own; at first a recorded run. What is trained, and
 * what is shown of it, a subject says.
 *
 * @typedef {{recipe: (state: State, base: any, factor?: number) => any, settings: (recipe: any) => string[],
 *   live: string[], looks: string[], frame: (recorded: any) => any, rows: (known: Shown, state: State) => Rows}} Subject
 *   the recipe that the controls ask for, with the decay times a factor for a twin, and its settings in words; which
 *   controls may move while it trains, and which only change what is shown; a recorded frame as the engine sends it
 * @typedef {Known & {factor: number, worker: Worker | null, owed: boolean, next: string}} Run  `factor`: of the decay, for
 *   a twin; `owed`: its worker waits until the page has drawn; `next`: its label from the next step on; a recorded run has
 *   no worker
 */

/** @type {Record<string, number>} */
const TWINS = { zero: 0, tenth: 0.1, thrice: 3 };
// Ghosts that are kept.
const PAST = 5;
// Milliseconds: of a replay, until a moved slider has come to its place, and between frames where motion is unwanted.
const [REPLAY, SETTLE, CALM] = [8000, 150, 400];

/** @param {any} data @param {Hooks} hooks @param {Subject} subject @returns {Process} */
function trainees({ base, recording, worker, wasm }, { state, changed, calm, save }, subject) {
  const script = URL.createObjectURL(new Blob([worker], { type: "text/javascript" }));
  /** The frame of the recording that is shown. */
  let at = recording.frames.length - 1;
  /** @type {Run[]} */
  let runs = [recorded()];
  /** @type {Known[]} */
  let past = [];
  let faint = pastRows(past, recording.recipe, subject.settings);
  /** @type {Rows} */
  let shown = {};
  /** Whether there is something new to show. */
  let stale = true;
  let going = false;
  /** Once the reader has trained one, every new network trains at once. */
  let trained = false;
  let note = "";
  // Timers.
  let [playing, settling] = [0, 0];

  /** @param {Known} known @returns {Run} */
  function runOf(known, factor = 1) {
    return { ...known, factor, worker: null, owed: false, next: known.label };
  }

  function recorded() {
    return runOf(recordedRun(recording, at, subject.frame));
  }

  /** Show the recorded run up to a frame. @param {number} frame */
  function show(frame) {
    at = frame;
    runs = [recorded()];
    stale = true;
    changed();
  }

  function end() {
    clearInterval(playing);
    clearTimeout(settling);
    playing = 0;
    for (const run of runs) run.worker?.terminate();
  }

  /** Replay the recording; where motion is unwanted, go an eighth of it further. */
  function play() {
    const final = recording.frames.length - 1;
    const from = at === final ? 0 : at;
    if (playing) clearInterval(playing);
    else if (calm()) return show(Math.min(final, from + Math.ceil(final / 8)));
    playing = playing ? 0 : window.setInterval(() => (at < final ? show(at + 1) : play()), REPLAY / final);
    show(from);
  }

  /** The name of what a run did: the same again would lie on itself. @param {Known} run */
  const nameOf = ({ recipe, label }) => JSON.stringify([recipe, label]);

  /** Keep, as ghosts, runs that learned something, but those that are to be seen again. @param {Run[]} next */
  function replace(next) {
    end();
    if (!runs[0].worker) {
      // Of the recorded run, all of it, however far the replay has come.
      at = recording.frames.length - 1;
      runs = [recorded()];
    }
    const learned = runs.filter(({ last }) => last.train_accuracy >= 0.5);
    const kept = new Map([...past, ...learned].map((run) => [nameOf(run), run]));
    for (const run of next) kept.delete(nameOf(run));
    past = [...kept.values()].slice(-PAST);
    faint = pastRows(past, next[0].recipe, subject.settings);
    runs = next;
    stale = true;
  }

  /** New networks, as the controls say, at step 0. */
  function begin() {
    note = "";
    const factors = state.twin in TWINS ? [1, TWINS[state.twin]] : [1];
    replace(factors.map((factor) => runOf(unknownRun(subject.recipe(state, base, factor)), factor)));
    for (const run of runs) {
      try {
        run.worker = new Worker(script);
      } catch (reason) {
        return fail(String(reason));
      }
      run.worker.onmessage = ({ data }) => hear(run, data);
      run.worker.onerror = ({ message }) => fail(message);
      run.worker.postMessage({ do: "start", recipe: run.recipe, wasm });
    }
  }

  /** What the controls say, from the beginning: the recorded run where it is that one. */
  function renew() {
    const same =
      !(state.twin in TWINS) && JSON.stringify(subject.recipe(state, base)) === JSON.stringify(recording.recipe);
    if (!same) {
      begin();
      if (trained) go("run");
      return;
    }
    going = false;
    note = "";
    at = recording.frames.length - 1;
    replace([recorded()]);
    changed();
  }

  /** @param {string} reason */
  function fail(reason) {
    end();
    going = false;
    note = `This browser does not train here (${reason || "no worker"}). The recorded run is what it would show.`;
    show(recording.frames.length - 1);
  }

  /** Show what is new of a network. @param {Run} run @param {any} frame */
  function see(run, frame) {
    // Before a step, it is not trained with what was changed.
    if (frame.step > (run.last.step ?? 0)) run.label = run.next;
    learn(run, frame);
    run.owed = true;
    if (run.status === "diverged")
      note = `Step ${frame.step}: the loss is no number any more. Start over at a smaller rate.`;
    if (runs.every(({ status }) => status !== null)) going = false;
    stale = true;
    changed();
  }

  /** @param {Run} run @param {any} message */
  function hear(run, message) {
    if (message.what === "failed") return fail(message.reason);
    if (message.what === "file") return save("grokking-run.json", message.run);
    see(run, message);
  }

  /** @param {any} order */
  function send(order) {
    for (const { worker } of runs) worker?.postMessage(order);
  }

  /** Train on, or to the next evaluation. @param {"run" | "step"} order */
  function go(order) {
    if (!runs[0].worker) begin();
    going = order === "run" && runs[0].worker !== null;
    trained ||= going;
    send({ do: order });
    changed();
  }

  function pause() {
    going = false;
    send({ do: "pause" });
    changed();
  }

  function restart() {
    going = false;
    begin();
  }

  /** Tell the networks what moved while they train. @param {string[]} traits */
  function change(traits) {
    for (const run of runs) {
      const { optimizer, batch_size, data_schedule } = subject.recipe(state, base, run.factor);
      const [[, data_share]] = data_schedule.knots;
      /** @type {Record<string, number | null>} */
      const now = { ...optimizer, batch_size, data_share };
      const [first, final] = [run.recipe.optimizer.weight_decay, optimizer.weight_decay];
      run.next = first === final ? `λ = ${first}` : `λ = ${first} → ${final}`;
      run.worker?.postMessage({
        do: "change",
        changes: Object.fromEntries(traits.map((trait) => [trait, now[trait]])),
      });
    }
  }

  return {
    set(changes) {
      const traits = Object.keys(changes).filter((trait) => !subject.looks.includes(trait));
      stale ||= traits.length < Object.keys(changes).length;
      if (!traits.length) return;
      // Another decay is meant for another network once this one has come to its end; other data are not.
      const ended = runs.every(({ status }) => status !== null);
      const live = ended ? ["data_share"] : subject.live;
      // Before its first step a network is another one, not one that changes.
      if (runs[0].worker && runs[0].last.step && traits.every((trait) => live.includes(trait))) return change(traits);
      // A slider on its way to its place needs no networks at every place between.
      clearTimeout(settling);
      settling = window.setTimeout(renew, SETTLE);
    },
    rows() {
      // Until the first frame of every network is there, what was shown stays.
      if (stale && runs.every(({ cells }) => cells.length)) {
        const [network, twin = null] = runs;
        shown = { ...subject.rows({ network, twin, past }, state), ...faint, note };
        stale = false;
      }
      return shown;
    },
    drawn() {
      const owing = runs.filter(({ owed }) => owed);
      for (const run of owing) run.owed = false;
      const tell = () => {
        for (const { worker } of owing) worker?.postMessage({ do: "drawn" });
      };
      if (calm()) setTimeout(tell, CALM);
      else tell();
    },
    buttons() {
      const { worker, last } = runs[0];
      const over = runs.every(({ status }) => status === "diverged" || status === "finished");
      const main = going ? "Pause" : !worker ? "Train it yourself" : last.step ? "Go on" : "Train";
      const replay =
        worker || recording.frames.length === 1 ? "" : playing ? "❚❚ Pause" : calm() ? "▶ Next" : "▶ Replay";
      return [
        { text: main, press: going ? pause : () => go("run"), off: over },
        { text: "Step", press: () => go("step"), off: over },
        { text: "Start over", press: restart },
        { text: replay, press: play },
        { text: "Save this run", press: () => runs[0].worker?.postMessage({ do: "file" }), off: !worker || !last.step },
      ];
    },
    running: () => going || playing > 0,
    rest(hidden) {
      if (!going) return;
      for (const { worker, status } of runs) if (status === null) worker?.postMessage({ do: hidden ? "pause" : "run" });
    },
    restart,
    start: () => go("run"),
    remove() {
      end();
      URL.revokeObjectURL(script);
    },
  };
}
