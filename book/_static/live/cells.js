// One code cell of the page: its stored form, its editor, its live output.
import {
  EditorState,
  EditorView,
  Prec,
  bracketMatching,
  classHighlighter,
  closeBrackets,
  closeBracketsKeymap,
  defaultKeymap,
  history,
  historyKeymap,
  indentOnInput,
  indentUnit,
  keymap,
  lineNumbers,
  pythonLanguage,
  syntaxHighlighting,
} from "./codemirror.js";
import { showOutput } from "./outputs.js";

function editorExtensions(label, keys) {
  return [
    Prec.highest(keymap.of(keys)),
    // Tab is not bound on purpose: it leaves the editor, so that nobody is caught in it.
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap]),
    lineNumbers(),
    history(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    pythonLanguage,
    syntaxHighlighting(classHighlighter),
    indentUnit.of("    "),
    EditorState.tabSize.of(4),
    EditorView.contentAttributes.of({ "aria-label": label }),
  ];
}

export class Cell {
  // `place` is the cell's element in the page (or null: a cell whose input and output are both
  // left out of the page must still run), `stored` what the build knows of it.
  constructor(place, stored, number, { element, onRun }) {
    this.place = place;
    this.original = stored.source;
    this.alt = stored.alt;
    this.number = number;
    this.element = element;
    this.onRun = onRun; // (cell, moveOn)
    this.ran = false;
    this.input = place?.querySelector(".cell_input") ?? null;
    this.storedOutput = place?.querySelector(".cell_output") ?? null;
  }

  get code() {
    return this.editor ? this.editor.state.doc.toString() : this.original;
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
    if (this.input) this.mountEditor();
  }

  mountEditor() {
    const { element, number } = this;
    this.runButton = this.button("Run", `Run cell ${number}`, () => this.onRun(this, false));
    this.resetButton = this.button("Original code", `Original code of cell ${number}`, () => {
      this.reset();
      this.runButton.focus();
    });
    this.resetButton.hidden = true;
    this.state = element("span", { class: "live-state" });
    const name = element("span", { class: "live-name" }, `Cell ${number}`);
    const tools = element(
      "div",
      { class: "live-tools" },
      name,
      this.runButton,
      this.resetButton,
      this.state,
    );
    const holder = element("div", { class: "live-editor" }, tools);
    const run = (moveOn) => () => {
      this.onRun(this, moveOn);
      return true;
    };
    this.editor = new EditorView({
      doc: this.original,
      parent: holder,
      extensions: [
        editorExtensions(`Code of cell ${number}`, [
          { key: "Shift-Enter", run: run(true) },
          { key: "Mod-Enter", run: run(false) },
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) this.resetButton.hidden = this.code === this.original;
        }),
      ],
    });
    this.input.append(holder);
  }

  button(text, label, onClick) {
    const attributes = { type: "button", class: "live-button", "aria-label": label };
    const button = this.element("button", attributes, text);
    button.addEventListener("click", onClick);
    return button;
  }

  reset() {
    this.editor.dispatch({
      changes: { from: 0, to: this.editor.state.doc.length, insert: this.original },
    });
  }

  show(state) {
    if (this.state) this.state.textContent = state;
    this.place?.classList.toggle("live-running", state === "running");
  }

  // Nothing has been run in this Python.
  forget() {
    this.ran = false;
    this.show("");
  }

  begin() {
    this.ran = true;
    this.show("running");
    if (!this.output) return;
    // Keep the height while the cell runs, so that the text below does not jump.
    this.output.style.minHeight = `${(this.output.hidden ? this.storedOutput : this.output)?.offsetHeight ?? 0}px`;
    this.output.replaceChildren();
    this.output.hidden = false;
    this.place.classList.add("live-has-output");
  }

  add(message) {
    if (this.output)
      showOutput(this.output, message, {
        alt: this.alt,
        number: this.number,
        element: this.element,
      });
  }

  end(outcome, seconds) {
    const words = { true: `done in ${seconds.toFixed(1)} s`, false: "error", null: "stopped" };
    this.show(words[String(outcome)]);
    if (!this.output) return;
    this.output.style.minHeight = "";
    for (const pre of this.output.querySelectorAll("pre, .text_html")) {
      if (pre.scrollWidth > pre.clientWidth) pre.tabIndex = 0; // the keyboard can scroll it
    }
  }

  // What a screen reader is told of the result.
  get summary() {
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
