// The page's side of the worker: start it, run one cell at a time, end it.
import { LiveProblem } from "./downloads.js";

export class Session {
  // `setup` is the worker's start message; `onProgress` and `onOutput` get what it reports.
  constructor(setup, { onProgress, onOutput }) {
    this.setup = setup;
    this.onProgress = onProgress;
    this.onOutput = onOutput;
    this.worker = null;
    this.settle = null; // of the run in progress
  }

  start() {
    return new Promise((resolve, reject) => {
      const worker = new Worker(new URL("worker.js", this.setup.base), { type: "module" });
      this.worker = worker;
      const fail = (message) => {
        this.stop();
        reject(new LiveProblem("start", message));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        const text = event.message || "the files that run it could not be loaded";
        const message = `Python could not run: ${text}.`;
        if (this.settle) {
          this.onOutput({ kind: "error", text: message });
          this.settle(false);
        }
        fail(message);
      };
      worker.onmessage = ({ data }) => {
        if (data.type === "progress" || data.type === "running") this.onProgress(data);
        else if (data.type === "output") this.onOutput(data);
        else if (data.type === "ready") resolve();
        else if (data.type === "failed") fail(data.message);
        else if (data.type === "done") this.settle?.(data.ok);
      };
      worker.postMessage({ type: "start", ...this.setup });
    });
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
    this.settle?.(null);
  }
}
