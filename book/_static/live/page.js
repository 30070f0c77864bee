// Turn a page's stored cells into live ones. Loaded when a reader presses "Run this page".
import { findCells } from "./cells.js";
import { LiveProblem } from "./downloads.js";
import { Session } from "./session.js";

async function json(url) {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) {
    throw new LiveProblem(
      "download",
      "This book's own files that run the page could not be loaded. Check the connection and " +
        "press the button again. The page itself stays readable.",
    );
  }
  return response.json();
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

class Page {
  constructor({ bar, button, hint, status, base, element }) {
    Object.assign(this, { bar, startButton: button, hint, status, base, element });
    this.article = bar.closest("article");
    this.queue = [];
    this.current = null;
    this.starting = false;
  }

  async open() {
    const name = DOCUMENTATION_OPTIONS.pagename; // a global of every Sphinx page
    const [live, pins, page] = await Promise.all([
      json(`${this.base}live.json`),
      json(`${this.base}pyodide.json`),
      json(`${this.base}pages/${name}.json`),
    ]);
    const folder = name.slice(0, name.lastIndexOf("/") + 1);
    this.cells = findCells(this.article, page.cells, {
      element: this.element,
      onRun: (cell, moveOn) => this.runTo(cell, moveOn),
    });
    this.session = new Session(
      { base: this.base, live, pins, folder, files: page.files, firstCell: this.cells[0].original },
      {
        onProgress: (progress) => this.progress(progress),
        onOutput: (message) => this.current?.add(message),
      },
    );
    this.addProgress();
    await this.startPython("Python is starting.");
    this.mount();
    this.say("Python is ready. Change any cell and press shift-enter to run it.");
  }

  addProgress() {
    const { element } = this;
    this.bar.querySelector(".live-progress")?.remove(); // of an attempt that failed
    this.meter = element("progress", { "aria-label": "Loading", max: "1", value: "0" });
    this.loading = element("span", { class: "live-loading" });
    this.progressRow = element("div", { class: "live-progress" }, this.meter, this.loading);
    this.progressRow.hidden = true;
    this.status.before(this.progressRow);
  }

  progress({ type, label, loaded, total }) {
    this.progressRow.hidden = type === "running";
    if (type === "running") return;
    this.meter.max = total;
    this.meter.value = loaded;
    this.loading.textContent =
      loaded < total
        ? `Loading ${label}: ${megabytes(loaded)} of ${megabytes(total)} MB`
        : `${megabytes(loaded)} MB loaded; unpacking`;
  }

  // For everybody to see, and for a screen reader to say.
  say(text) {
    this.status.textContent = text;
  }

  async startPython(words) {
    this.say(words);
    try {
      await this.session.start();
    } finally {
      this.progressRow.hidden = true;
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
    this.runAllButton = add("Run all", () => this.runAll());
    this.stopButton = add("Stop", () => this.restart("Stopped."));
    this.stopButton.disabled = true;
    add("Restart", () => this.restart("Restarted."));
    this.storedButton = add("Stored outputs", () => this.showStored(!this.stored));
    this.startButton.remove();
    this.hint.textContent =
      "Shift-enter runs a cell, after the cells above it that have not been run. Tab leaves the editor.";
    this.showStored(false);
    this.runAllButton.focus();
  }

  // The page as it came, or the live one; the reader's edits are kept meanwhile.
  showStored(stored) {
    this.stored = stored;
    this.article.classList.toggle("live-on", !stored);
    this.storedButton.setAttribute("aria-pressed", String(stored));
    if (!stored) for (const cell of this.cells) cell.editor?.requestMeasure();
  }

  runAll() {
    for (const cell of this.cells) this.enqueue(cell);
    this.work();
  }

  runTo(cell, moveOn) {
    const index = this.cells.indexOf(cell);
    for (const earlier of this.cells.slice(0, index)) if (!earlier.ran) this.enqueue(earlier);
    this.enqueue(cell);
    if (moveOn)
      this.cells
        .slice(index + 1)
        .find((next) => next.editor)
        ?.editor.focus();
    this.work();
  }

  enqueue(cell) {
    if (this.queue.includes(cell)) return;
    this.queue.push(cell);
    cell.show("waiting");
  }

  async work() {
    if (this.stored) this.showStored(false);
    if (this.current || this.starting) return;
    if (!this.session.worker) {
      for (const waiting of this.queue.splice(0)) waiting.show("not run");
      this.say("Python is not running. Press Restart.");
      return;
    }
    this.stopButton.disabled = false;
    while (this.queue.length) {
      const cell = this.queue.shift();
      this.current = cell;
      cell.begin();
      const began = performance.now();
      const outcome = await this.session.run(cell.code, cell.number);
      this.current = null;
      this.progressRow.hidden = true;
      cell.end(outcome, (performance.now() - began) / 1000);
      if (outcome === null) return; // stopped: restart() goes on from here
      const verdict = outcome ? "Cell" : "Error in cell";
      this.say(`${verdict} ${cell.number}: ${cell.summary || "done"}`);
      if (!outcome) {
        for (const waiting of this.queue.splice(0)) waiting.show("not run");
      }
    }
    this.stopButton.disabled = true;
  }

  // Python cannot be interrupted from outside, so it is ended and started afresh.
  async restart(word) {
    this.queue.length = 0;
    this.session.stop();
    for (const cell of this.cells) if (cell !== this.current) cell.forget();
    if (this.current) this.current.ran = false;
    this.starting = true;
    this.stopButton.disabled = true;
    try {
      await this.startPython(`${word} Python starts afresh; your edits are kept.`);
      this.say(`${word} Python is ready again: variables are gone, your edits are kept.`);
    } catch (problem) {
      this.say(problem.message);
    } finally {
      this.starting = false;
    }
    if (this.queue.length) this.work();
  }
}

export async function openPage(parts) {
  await new Page(parts).open();
}
