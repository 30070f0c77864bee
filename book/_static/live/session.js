// The page's side of the worker: start it, run one cell at a time, end it.
import { LiveProblem } from "./downloads.js";

const TOO_OLD =
  "This browser cannot run Python: it lacks WebAssembly or module workers, or they are switched " +
  "off. Open the page in a current version of Chrome, Edge, Firefox or Safari, outside any " +
  "lockdown mode. The page itself stays readable.";

const NO_SCRIPT =
  "The file that runs this page, worker.js, could not be loaded. Check the connection and press " +
  "the button again. The page itself stays readable.";

// Whether the browser has what Python needs; else a problem is thrown that says so.
function expectBrowser() {
  if (typeof Worker === "undefined" || typeof WebAssembly === "undefined") {
    throw new LiveProblem("browser", TOO_OLD);
  }
}

export class Session {
  // `setup` is the worker's start message. Told of: onProgress(progress) while something loads,
  // onRunning() when a cell's code begins, onOutput(message).
  constructor(setup, { onProgress, onRunning, onOutput }) {
    this.setup = setup;
    Object.assign(this, { onProgress, onRunning, onOutput });
    this.worker = null;
    this.abandon = null; // of the start in progress
    this.settle = null; // of the run in progress
  }

  async start() {
    expectBrowser();
    await new Promise((resolve, reject) => {
      const worker = new Worker(new URL("worker.js", this.setup.base), { type: "module" });
      this.worker = worker;
      this.abandon = reject;
      const fail = (message) => {
        this.abandon = null;
        this.stop();
        reject(new LiveProblem("start", message));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        const running = this.settle;
        if (running) {
          this.onOutput({ kind: "error", text: `Python has ended: ${event.message}.` });
          running(false);
        }
        // Without a message it is the script itself that did not come, or is not understood.
        fail(event.message ? `Python could not run (${event.message}). ${TOO_OLD}` : NO_SCRIPT);
      };
      worker.onmessage = ({ data }) => {
        if (data.type === "progress") this.onProgress(data);
        else if (data.type === "running") this.onRunning();
        else if (data.type === "output") this.onOutput(data);
        else if (data.type === "failed") fail(data.message);
        else if (data.type === "done") this.settle?.(data.ok);
        else if (data.type === "ready") resolve();
      };
      worker.postMessage({ type: "start", ...this.setup });
    });
    this.abandon = null;
  }

  // Resolves to true or false as the cell ended well or not, and to null if it was stopped.
  run(code, number) {
    return new Promise((resolve) => {
      this.settle = (outcome) => {
        this.settle = null;
        resolve(outcome);
      };
      this.worker.postMessage({ type: "run", code, number });
    });
  }

  stop() {
    this.worker?.terminate();
    this.worker = null;
    this.abandon?.(new LiveProblem("stopped", "Python was not started."));
    this.abandon = null;
    this.settle?.(null);
  }
}
