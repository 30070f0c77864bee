// Run a notebook's cells under Pyodide in Node, with the same Python side as the live pages.
// node live_node.mjs <pyodide folder> <built _static/live folder> <job.json>
// The job is {"cells": [source, ...], "files": {name: path}}. Prints one JSON line: whether all
// cells ended well, every output of every cell, and the seconds of processor time each cell took.
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [core, live, jobFile] = process.argv.slice(2);
const job = JSON.parse(readFileSync(jobFile, "utf8"));
const config = JSON.parse(readFileSync(path.join(live, "live.json"), "utf8"));

// A data URL, because the page's scripts are modules without a package.json that says so.
const source = readFileSync(path.join(live, "interpreter.js"), "utf8");
const { ENVIRONMENT, Interpreter, RUNTIME } = await import(
  `data:text/javascript,${encodeURIComponent(source)}`
);
const { loadPyodide } = await import(pathToFileURL(path.join(core, "pyodide.mjs")).href);

const lock = JSON.parse(readFileSync(path.join(core, "pyodide-lock.json"), "utf8"));
for (const wheel of config.wheels) {
  lock.packages[wheel.name] = { ...wheel, file_name: path.join(live, wheel.file_name) };
}
const python = await loadPyodide({
  indexURL: core,
  lockFileContents: lock,
  packageBaseUrl: `${core}/`,
  env: ENVIRONMENT,
});

const outputs = [];
let current;
const interpreter = new Interpreter(python, {
  runtime: RUNTIME.map((name) => [name, readFileSync(path.join(live, "python", name))]),
  files: Object.entries(job.files).map(([name, file]) => [name, readFileSync(file)]),
  modules: config.modules,
  data: config.data,
  fetchData: ({ url }) => readFileSync(path.join(live, url)),
  emit: (output) => outputs.push({ cell: current, ...output }),
  load: (names) =>
    python.loadPackagesFromImports(names.map((name) => `import ${name}`).join("\n"), {
      messageCallback() {},
    }),
});

// As the page's worker does: a script may be imported by any cell.
const scripts = Object.entries(job.files).filter(([name]) => name.endsWith(".py"));
for (const [, file] of scripts) await interpreter.loadNeeds(readFileSync(file, "utf8"));

const seconds = [];
let ok = true;
for (const [i, code] of job.cells.entries()) {
  current = i + 1;
  await interpreter.loadNeeds(code);
  const before = process.cpuUsage();
  ok = await interpreter.run(code, current);
  const { user, system } = process.cpuUsage(before);
  seconds.push((user + system) / 1e6);
  if (!ok) break;
}
const packages = Object.keys(python.loadedPackages);
// Pyodide keeps Node alive; leave once the last byte is through the pipe.
process.stdout.write(`${JSON.stringify({ ok, outputs, packages, seconds })}\n`, () => process.exit(0));
