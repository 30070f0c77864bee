// The editor of one cell, and the mark on the lines where an error was raised.
import {
  Decoration,
  EditorState,
  EditorView,
  Prec,
  StateEffect,
  StateField,
  bracketMatching,
  classHighlighter,
  closeBrackets,
  closeBracketsKeymap,
  defaultKeymap,
  history,
  historyKeymap,
  indentOnInput,
  indentUnit,
  isolateHistory,
  keymap,
  lineNumbers,
  pythonLanguage,
  syntaxHighlighting,
} from "./codemirror.js";

const setMarks = StateEffect.define(); // the positions of the lines to mark
const failed = Decoration.line({ class: "live-error-line" });
const marks = StateField.define({
  create: () => Decoration.none,
  update(old, { changes, effects }) {
    let found = old.map(changes);
    for (const effect of effects) {
      if (effect.is(setMarks)) found = Decoration.set(effect.value.map((at) => failed.range(at)));
    }
    return found;
  },
  provide: (field) => EditorView.decorations.from(field),
});

// `onRun(moveOn)` when the reader asks by keyboard, `onChange()` after every change of the text.
export function makeEditor({ text, label, parent, onRun, onChange }) {
  const run = (moveOn) => () => {
    onRun(moveOn);
    return true;
  };
  return new EditorView({
    doc: text,
    parent,
    extensions: [
      Prec.highest(
        keymap.of([
          { key: "Shift-Enter", run: run(true) },
          { key: "Mod-Enter", run: run(false) },
        ]),
      ),
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
      marks,
      EditorView.updateListener.of((update) => update.docChanged && onChange()),
    ],
  });
}

// A step of its own, so that one undo takes back this and no more.
export function replaceText(editor, text) {
  editor.dispatch({
    changes: { from: 0, to: editor.state.doc.length, insert: text },
    annotations: isolateHistory.of("full"),
  });
}

// Mark these lines, counted from 1, and no others.
export function markLines(editor, numbers) {
  const { doc } = editor.state;
  const known = [...new Set(numbers)].filter((number) => number >= 1 && number <= doc.lines);
  const positions = known.sort((a, b) => a - b).map((number) => doc.line(number).from);
  editor.dispatch({ effects: setMarks.of(positions) });
}
