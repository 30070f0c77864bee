// What the live pages use of CodeMirror 6. `npm run build` bundles it into the book.
export { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
export { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
export { pythonLanguage } from "@codemirror/lang-python";
export {
  bracketMatching,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
export { EditorState, Prec } from "@codemirror/state";
export { EditorView, keymap, lineNumbers } from "@codemirror/view";
export { classHighlighter } from "@lezer/highlight";
