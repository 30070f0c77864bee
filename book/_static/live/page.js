// Turn a page's stored cells into live ones. Loaded when a reader presses "Run this page".
import { findCells } from "./cells.js";
import { siteJson } from "./downloads.js";
import { Edits } from "./edits.js";
import { Progress } from "./progress.js";
import { Session } from "./session.js";

const HINT =
  "Shift-enter runs a cell, after the cells above it that have not been run as they stand. Tab " +
  "leaves the editor. Your edits are kept in this browser, also when you close the page.";

function count(number, thing) {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

class Page {
  constructor({ bar, button, hint, status, base, key, element }) {
    Object.assign(this, { bar, startButton: button, hint, status, base, element });
    this.article = bar.closest("article");
    this.queue = [];
    this.current = null;
    this.starting = false;
    this.edits = new Edits(key, (trouble) => {
      this.note.textContent = trouble;
    });
  }

  async open(signal) {
    const name = DOCUMENTATION_OPTIONS.pagename; // a global of every Sphinx page
    const [live, pins, page] = await Promise.all(
      ["live", "pyodide", `pages/${name}`].map((file) => siteJson(`${this.base}${file}.json`, signal)),
    );
    const folder = name.slice(0, name.lastIndexOf("/") + 1);
    this.cells = findCells(this.article, page.cells, {
      element: this.element,
      onRun: (cell, moveOn) => this.runTo(cell, moveOn),
      onStop: () => this.stop(),
      onChange: (cell) => this.changed(cell),
      onDrop: (record) => this.dropped(record),
    });
    this.session = new Session(
      { base: this.base, live, pins, folder, files: page.files, firstCell: this.cells[0].original },
      {
        onProgress: (progress) => this.loading(progress),
        onRunning: () => this.began(),
        onOutput: (message) => this.show(message),
      },
    );
    this.progress = new Progress(this.status, this.element);
    signal.addEventListener("abort", () => this.session.stop());
    try {
      await this.startPython("Python is starting.");
      signal.throwIfAborted();
    } catch (problem) {
      this.progress.remove();
      throw problem;
    }
    this.mount();
    const { restored, offered } = this.edits.restore(this.cells.filter((cell) => cell.editor));
    this.updateDiscard();
    this.say(
      "Python is ready. Change any cell and press shift-enter to run it." +
        (restored ? ` Your edits of ${count(restored, "cell")} are back.` : "") +
        (offered ? ` The book has changed under ${count(offered, "edit")} of yours, kept there.` : ""),
      this.cells.find((cell) => cell.offers.size),
    );
  }

  // For everybody to see, and for a screen reader to say; with a link to a cell.
  say(text, cell) {
    this.status.textContent = text;
    if (!cell?.place) return;
    cell.place.id ||= `live-cell-${cell.number}`;
    const link = this.element("a", { href: `#${cell.place.id}` }, `Go to cell ${cell.number}`);
    this.status.append(" ", link);
  }

  async startPython(words) {
    this.say(words);
    try {
      await this.session.start();
    } finally {
      this.progress.hide();
    }
  }

  mount() {
    for (const cell of this.cells) cell.mount();
    const add = (text, onClick) => {
      const button = this.element("button", { type: "button", class: "live-button" }, text);
      button.addEventListener("click", onClick);
      this.startButton.parentElement.append(button);
      return button;
    };
    const runAllButton = add("Run all", () => this.runAll());
    this.stopButton = add("Stop", () => this.stop());
    this.canStop(false);
    add("Restart", () => this.restart("Restarted."));
    this.storedButton = add("Stored outputs", () => this.showStored(!this.stored));
    this.discardButton = add("Discard edits", () => this.discard());
    this.startButton.remove();
    this.hint.textContent = HINT;
    this.note = this.element("p", { class: "live-note", role: "status" });
    this.status.after(this.note);
    this.showStored(false);
    runAllButton.focus();
  }

  // Not `disabled`, which would drop the keyboard's place.
  canStop(can) {
    this.stopButton.setAttribute("aria-disabled", String(!can));
  }

  // The page as it came, or the live one; the reader's edits are kept meanwhile.
  showStored(stored) {
    this.stored = stored;
    this.article.classList.toggle("live-on", !stored);
    this.storedButton.setAttribute("aria-pressed", String(stored));
    if (!stored) for (const cell of this.cells) cell.editor?.requestMeasure();
  }

  changed(cell) {
    this.edits.keep(cell);
    this.updateDiscard();
  }

  dropped(record) {
    this.edits.drop(record);
    this.updateDiscard();
  }

  updateDiscard() {
    const any = this.cells.some((cell) => cell.edited || cell.offers.size);
    this.discardButton.hidden = !any;
  }

  discard() {
    const edits = this.cells.filter((cell) => cell.edited);
    const offers = this.cells.flatMap((cell) => [...cell.offers.keys()].map((one) => [cell, one]));
    const number = edits.length + offers.length;
    if (!confirm(`Discard ${count(number, "edit")} of this page and go back to the book's code?`)) {
      return;
    }
    for (const cell of edits) cell.reset();
    for (const [cell, record] of offers) cell.withdraw(record);
    this.edits.clear();
    this.updateDiscard();
    this.storedButton.focus(); // the pressed button is gone
    this.say(`${count(number, "edit")} discarded. Undo in a cell brings its edit back.`);
  }

  runAll() {
    for (const cell of this.cells) this.enqueue(cell);
    this.work();
  }

  runTo(cell, moveOn) {
    const index = this.cells.indexOf(cell);
    for (const earlier of this.cells.slice(0, index)) if (earlier.due) this.enqueue(earlier);
    this.enqueue(cell);
    if (moveOn) {
      const next = this.cells.slice(index + 1).find((one) => one.editor);
      next?.unfold();
      next?.editor.focus();
    }
    this.work();
  }

  enqueue(cell) {
    if (this.queue.includes(cell)) return;
    this.queue.push(cell);
    if (cell !== this.current) cell.show("waiting");
  }

  async work() {
    if (this.stored) this.showStored(false);
    if (this.current || this.starting) return;
    if (!this.session.worker) {
      for (const waiting of this.queue.splice(0)) waiting.show("not run");
      this.say("Python is not running. Press Restart.");
      return;
    }
    this.canStop(true);
    while (this.queue.length) {
      const cell = this.queue.shift();
      this.current = cell;
      cell.begin();
      const began = performance.now();
      const outcome = await this.session.run(cell.code, cell.number);
      this.current = null;
      this.progress.hide();
      cell.end(outcome, (performance.now() - began) / 1000);
      if (outcome === null) return; // stopped: restart() goes on from here
      if (outcome) this.say(`Cell ${cell.number}: ${cell.summary || "done"}`);
      else {
        this.say(`Error in cell ${cell.number}: ${cell.summary}`, cell);
        for (const waiting of this.queue.splice(0)) waiting.show("not run");
      }
    }
    this.canStop(false);
  }

  loading(progress) {
    const words = this.progress.show(progress);
    this.current?.tell(words);
  }

  // All that the current cell needs is there.
  began() {
    this.progress.hide();
    this.current?.show("running");
  }

  // What the running cell sends.
  show(message) {
    this.current?.add(message);
    for (const { cell, lines } of message.marks ?? []) this.cells[cell - 1].mark(lines);
  }

  stop() {
    if (this.current) this.restart("Stopped.");
  }

  // Python cannot be interrupted from outside, so it is ended and started afresh.
  async restart(word) {
    this.queue.length = 0;
    const stopped = this.current;
    this.session.stop();
    for (const cell of this.cells) if (cell !== stopped) cell.forget();
    if (stopped) stopped.ranCode = null;
    this.starting = true;
    this.canStop(false);
    try {
      await this.startPython(`${word} Python starts afresh; your edits are kept.`);
      this.say(`${word} Python is ready again: variables are gone, your edits are kept.`);
    } catch (problem) {
      if (problem.kind === "stopped") return; // restarted once more meanwhile
      this.say(`${problem.message} Press Restart to try again.`);
    }
    this.starting = false;
    if (this.queue.length) this.work();
  }
}

export async function openPage({ signal, ...parts }) {
  await new Page(parts).open(signal);
}
