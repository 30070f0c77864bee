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
  // `load(names)` resolves when the packages that provide these top-level modules are there;
  // `data` lists the packages' large data files, and `fetchData(entry)` resolves to one's bytes.
  constructor(python, { runtime, files, modules, data, emit, load, fetchData }) {
    this.python = python;
    this.load = load;
    this.data = data;
    this.fetchData = fetchData;
    python.FS.mkdirTree(`${SITE}/IPython`);
    for (const [name, bytes] of runtime) python.FS.writeFile(`${SITE}/${name}`, bytes);
    for (const [name, bytes] of files) python.FS.writeFile(`${HOME}/${name}`, bytes);
    python.registerJsModule("_live_page", {
      emit: (text) => emit(JSON.parse(text)),
      load: (name) => load([name]),
    });
    python.runPython(`import sys; sys.path.append("${SITE}")`);
    this.site = python.runPython("import sysconfig; sysconfig.get_path('purelib')");
    this.runtime = python.pyimport("live_runtime");
    this.runtime.setup(python.toPy(modules));
  }

  // Load what a piece of code imports, and the data it opens.
  async loadNeeds(code) {
    const found = this.runtime.needs(code, canWait);
    const names = found.toJs();
    found.destroy();
    if (names.length) await this.load(names);
    const opened = this.data.filter(({ pattern }) => new RegExp(pattern).test(code));
    for (const entry of opened) {
      const bytes = await this.fetchData(entry);
      const file = `${this.site}/${entry.path}`;
      this.python.FS.mkdirTree(file.slice(0, file.lastIndexOf("/")));
      this.python.FS.writeFile(file, bytes);
      this.data = this.data.filter((other) => other !== entry);
    }
  }

  // Run a cell; resolves to whether it ended well.
  run(code, number) {
    const { run } = this.runtime;
    return canWait ? run.callPromising(code, number) : run(code, number);
  }
}
