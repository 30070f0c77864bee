// One code cell of the page: its stored form, its editor, its live output.
import { makeEditor, markLines, replaceText } from "./editor.js";
import { showOutput } from "./outputs.js";

export class Cell {
  // `place` is the cell's element in the page (or null: a cell whose input and output are both
  // left out of the page must still run), `stored` what the build knows of it. The handlers are
  // onRun(cell, moveOn), onStop(), onChange(cell), onDrop(record).
  constructor(place, stored, number, { element, ...handlers }) {
    this.place = place;
    this.original = stored.source;
    this.alt = stored.alt;
    this.number = number;
    this.element = element;
    this.handlers = handlers;
    this.ranCode = null; // what this Python was last given of this cell
    this.running = false;
    this.input = place?.querySelector(".cell_input") ?? null;
    this.storedOutput = place?.querySelector(".cell_output") ?? null;
    this.offers = new Map(); // an edit of what the book no longer has -> its element
  }

  get code() {
    return this.editor ? this.editor.state.doc.toString() : this.original;
  }

  get edited() {
    return this.code !== this.original;
  }

  // To be run before a cell below it: new to this Python, or changed since.
  get due() {
    return this.ranCode !== this.code;
  }

  // Add the live parts. The stored ones stay in the page, hidden by the style sheet.
  mount() {
    if (!this.place) return;
    const { element, number } = this;
    this.output = element("div", {
      class: "cell_output live-output",
      role: "group",
      "aria-label": `Output of cell ${number}`,
    });
    this.output.hidden = true;
    const after = this.storedOutput ?? this.input?.closest("details") ?? this.input;
    if (after) after.after(this.output);
    else this.place.append(this.output);
    this.holder = element("div", { class: "live-editor", role: "group", "aria-label": this.name });
    this.holder.append(this.makeTools());
    if (this.input) {
      this.input.append(this.holder);
      this.editor = makeEditor({
        text: this.original,
        label: `Code of cell ${number}`,
        parent: this.holder,
        onRun: (moveOn) => this.handlers.onRun(this, moveOn),
        onChange: () => this.changed(),
      });
    } else (this.storedOutput ?? this.output).before(this.holder); // only its output is shown
  }

  get name() {
    return `Cell ${this.number}`;
  }

  makeTools() {
    this.runButton = this.button("Run", () => this.handlers.onRun(this, false));
    this.resetButton = this.button("Original code", () => {
      this.reset();
      this.runButton.focus();
    });
    this.resetButton.hidden = true;
    const back = this.storedOutput ? "Stored output" : "Hide output";
    this.storedButton = this.button(back, () => this.showStored(!this.stored));
    this.storedButton.hidden = true;
    this.stopButton = this.button("Stop", () => {
      this.runButton.focus(); // this button goes
      this.handlers.onStop();
    });
    this.stopButton.hidden = true;
    this.state = this.element("span", { class: "live-state" });
    return this.element(
      "div",
      { class: "live-tools" },
      this.element("span", { class: "live-name" }, this.name),
      this.runButton,
      this.resetButton,
      this.storedButton,
      this.state,
      this.stopButton,
    );
  }

  button(text, onClick) {
    const label = `${text}${text.includes(" ") ? " of" : ""} cell ${this.number}`;
    const attributes = { type: "button", class: "live-button", "aria-label": label };
    const button = this.element("button", attributes, text);
    button.addEventListener("click", onClick);
    return button;
  }

  // The reader has typed, or the text was replaced.
  changed() {
    this.resetButton.hidden = !this.edited;
    if (!this.running) this.show(this.isNew);
    this.handlers.onChange(this);
  }

  // What to say of a cell whose code has not been run as it stands.
  get isNew() {
    if (this.ranCode !== null) return this.due ? "changed since it ran" : "";
    return this.edited ? "edited" : "";
  }

  restore(code) {
    replaceText(this.editor, code);
    this.unfold();
  }

  // Some cells come folded; what the reader should see must not hide there.
  unfold() {
    const fold = this.input?.closest("details");
    if (fold) fold.open = true;
  }

  reset() {
    replaceText(this.editor, this.original); // the editor's undo brings the edit back
  }

  // The book has changed this cell since the reader edited it: say so, and give the edit back.
  offer(record) {
    const { element } = this;
    const text = "This cell has changed in the book since you edited it. Your version is kept here:";
    const code = element("pre", { tabindex: "0", "aria-label": "Your version" }, record.code);
    const close = () => {
      this.withdraw(record);
      this.handlers.onDrop(record);
      this.editor.focus();
    };
    const use = this.button("Use your version", () => {
      replaceText(this.editor, record.code);
      close();
    });
    const discard = this.button("Discard your version", close);
    const buttons = element("div", { class: "live-buttons" }, use, discard);
    const box = element("div", { class: "live-offer" }, element("p", {}, text), code, buttons);
    this.offers.set(record, box);
    this.holder.append(box);
    this.unfold();
  }

  withdraw(record) {
    this.offers.get(record).remove();
    this.offers.delete(record);
  }

  // The output that came with the page, or the live one.
  showStored(stored) {
    this.stored = stored;
    this.place.classList.toggle("live-has-output", !stored);
    this.output.hidden = stored;
    this.storedButton.setAttribute("aria-pressed", String(stored));
  }

  tell(words) {
    if (this.state) this.state.textContent = words;
  }

  show(state) {
    this.tell(state);
    if (this.stopButton) this.stopButton.hidden = state !== "running";
    this.place?.classList.toggle("live-running", state === "running");
  }

  // Nothing has been run in this Python.
  forget() {
    this.ranCode = null;
    this.show(this.isNew);
  }

  begin() {
    this.ranCode = this.code;
    this.running = true;
    this.problem = "";
    this.show("running");
    if (!this.output) return;
    if (this.editor) markLines(this.editor, []);
    // Keep the height while the cell runs, so that the text below does not jump.
    const shown = this.output.hidden ? this.storedOutput : this.output;
    this.output.style.minHeight = `${shown?.offsetHeight ?? 0}px`;
    this.output.replaceChildren();
    this.showStored(false);
    this.storedButton.hidden = false;
  }

  add(message) {
    const { alt, number, element } = this;
    if (message.kind === "error") this.problem = message.text;
    if (this.output) showOutput(this.output, message, { alt, number, element });
  }

  // Mark where an error came from, unless those lines have been changed meanwhile.
  mark(lines) {
    if (this.editor && !this.due) markLines(this.editor, lines);
  }

  end(outcome, seconds) {
    const words = { true: `done in ${seconds.toFixed(1)} s`, false: "error", null: "stopped" };
    this.running = false;
    const since = outcome !== null && this.due ? ", changed since" : "";
    this.show(words[String(outcome)] + since);
    if (outcome === false) this.unfold();
    if (!this.output) return;
    this.output.style.minHeight = "";
    this.storedButton.hidden = !this.storedOutput && !this.output.hasChildNodes();
    for (const part of this.output.querySelectorAll("pre, .text_html")) {
      if (part.scrollWidth > part.clientWidth) part.tabIndex = 0; // the keyboard can scroll it
    }
  }

  // What a screen reader is told of the result.
  get summary() {
    if (this.problem) {
      const lines = this.problem.split("\n").filter((line) => line && !line.startsWith(" "));
      return lines.join(" ").slice(0, 200);
    }
    if (!this.output) return "";
    const text = this.output.innerText.trim().replace(/\s+/g, " ").slice(0, 200);
    const images = this.output.querySelectorAll("img").length;
    return [text, images ? `${images} figure${images > 1 ? "s" : ""}` : ""]
      .filter(Boolean)
      .join(" · ");
  }
}

// Pair the code cells of the notebook with their elements in the page.
export function findCells(root, stored, handlers) {
  const places = [...root.querySelectorAll("div.cell")];
  const shown = stored.filter((cell) => cell.shown);
  if (places.length !== shown.length) throw new Error("the page and its cells do not match");
  let next = 0;
  return stored.map(
    (cell, i) => new Cell(cell.shown ? places[next++] : null, cell, i + 1, handlers),
  );
}
