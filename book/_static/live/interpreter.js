// Running cells in a Pyodide that is already there. Used by worker.js in the page, and by the tests
// in Node; it imports nothing, so that both can.

// The files of `python/` that this needs.
export const RUNTIME = [
  "live_runtime.py",
  "live_display.py",
  "live_backend.py",
  "IPython/__init__.py",
  "IPython/display.py",
];
export const HOME = "/home/reader"; // the working directory
export const ENVIRONMENT = { HOME, MPLBACKEND: "module://live_backend" };
const SITE = "/lib/live";

// Python may wait for a download inside a running function where the engine has this (Safari and
// older browsers do not); elsewhere everything a cell could import is loaded before it runs.
const canWait = typeof WebAssembly.Suspending === "function";

export class Interpreter {
  // `runtime` and `files` map names to bytes; `emit` gets each output;
  // `load(names)` resolves when the packages that provide these top-level modules are there.
  constructor(python, { runtime, files, modules, emit, load }) {
    this.python = python;
    this.load = load;
    python.FS.mkdirTree(`${SITE}/IPython`);
    for (const [name, bytes] of runtime) python.FS.writeFile(`${SITE}/${name}`, bytes);
    for (const [name, bytes] of files) python.FS.writeFile(`${HOME}/${name}`, bytes);
    python.registerJsModule("_live_page", {
      emit: (text) => emit(JSON.parse(text)),
      load: (name) => load([name]),
    });
    python.runPython(`import sys; sys.path.append("${SITE}")`);
    this.runtime = python.pyimport("live_runtime");
    this.runtime.setup(python.toPy(modules));
  }

  // Load what a piece of code imports.
  async loadNeeds(code) {
    const found = this.runtime.needs(code, canWait);
    const names = found.toJs();
    found.destroy();
    if (names.length) await this.load(names);
  }

  // Run a cell; resolves to whether it ended well.
  run(code, number) {
    const { run } = this.runtime;
    return canWait ? run.callPromising(code, number) : run(code, number);
  }
}
