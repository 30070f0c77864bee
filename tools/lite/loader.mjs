// What JupyterLite's kernel loads in the place of pyodide.mjs: the same Pyodide as the pages', from
// the same address, with every byte checked, and the book's own packages and data in place.
import { Downloads, LiveProblem, base64 } from "../_static/live/downloads.js";

const HERE = new URL(".", import.meta.url).href;
const LIVE = new URL("../_static/live/", HERE).href;
const LOCK = "pyodide-lock.json";

const browserFetch = globalThis.fetch.bind(globalThis);
const downloads = new Downloads(browserFetch, () => {});

// Pyodide fetches by this name; what has a known hash is checked.
globalThis.fetch = (input, options) => {
  const url = String(input?.url ?? input);
  return downloads.known.has(url) ? downloads.response(url) : browserFetch(input, options);
};

async function sameSite(url) {
  const response = await browserFetch(url).catch(() => null);
  if (!response?.ok) {
    throw new LiveProblem("download", `This book's own file ${url} could not be loaded.`);
  }
  return response;
}

async function importChecked(url) {
  const script = new Blob([await downloads.get(url)], { type: "text/javascript" });
  const address = URL.createObjectURL(script);
  try {
    return await import(address);
  } finally {
    URL.revokeObjectURL(address);
  }
}

function expectFile(url, sha256, bytes, label) {
  const digest = Uint8Array.from(sha256.match(/../g), (pair) => Number.parseInt(pair, 16));
  downloads.expect(url, `sha256-${base64(digest)}`, bytes, label);
}

// The official lock with our wheels in it: each file by its whole address, each with its hash.
async function readLock(live, lite, core, packages) {
  const lock = JSON.parse(new TextDecoder().decode(await downloads.get(core + LOCK)));
  const add = (entries, base) => {
    for (const entry of entries) {
      const file_name = new URL(entry.file_name, base).href;
      lock.packages[entry.name] = { ...lock.packages[entry.name], ...entry, file_name };
    }
  };
  add(live.wheels, LIVE);
  add(lite.wheels, HERE);
  for (const entry of Object.values(lock.packages)) {
    const url = new URL(entry.file_name, packages).href;
    expectFile(url, entry.sha256, entry.bytes ?? 0, entry.name);
  }
  for (const { url, path, sha256, bytes } of live.data) {
    expectFile(new URL(url, LIVE).href, sha256, bytes, path);
  }
  return lock;
}

// A function like Pyodide's own loadPackagesFromImports, which the kernel calls before each cell.
// It also loads what the book's modules import in turn, and puts in place the stored data that the
// cell, or a script it names, opens.
function bookLoader(python, live, needsSource) {
  const original = python.loadPackagesFromImports.bind(python);
  const scope = python.globals.get("dict")();
  python.runPython(needsSource, { globals: scope });
  const needs = scope.get("needs");
  const tell = scope.get("tell");
  const site = python.runPython("import sysconfig; sysconfig.get_path('purelib')");
  const table = python.toPy(live.modules);
  let absent = live.data;
  return async (code, options) => {
    const found = needs(code, table);
    const { names, text } = found.toJs({ dict_converter: Object.fromEntries });
    found.destroy();
    const imports = names.map((name) => `import ${name}`).join("\n");
    downloads.problem = null;
    const loaded = await original(imports, options);
    if (downloads.problem) tell(`${downloads.problem.message}\n`); // Pyodide only logs it
    for (const entry of absent.filter(({ pattern }) => new RegExp(pattern).test(text))) {
      const bytes = await downloads.get(new URL(entry.url, LIVE).href);
      const file = `${site}/${entry.path}`;
      python.FS.mkdirTree(file.slice(0, file.lastIndexOf("/")));
      python.FS.writeFile(file, bytes);
      absent = absent.filter((other) => other !== entry);
    }
    return loaded;
  };
}

async function start(options) {
  const json = async (url) => (await sameSite(url)).json();
  const [live, pins, lite, needsSource] = await Promise.all([
    json(`${LIVE}live.json`),
    json(`${LIVE}pyodide.json`),
    json(`${HERE}lite.json`),
    sameSite(`${HERE}needs.py`).then((response) => response.text()),
  ]);
  const core = new URL(live.core, LIVE).href;
  const packages = new URL(live.packages, LIVE).href;
  for (const [name, { integrity, bytes }] of Object.entries(pins.files)) {
    downloads.expect(core + name, integrity, bytes, "Python");
  }
  await Promise.all(Object.keys(pins.files).map((name) => downloads.get(core + name)));
  const lock = await readLock(live, lite, core, packages);
  const { loadPyodide: load } = await importChecked(`${core}pyodide.mjs`);
  const { default: createPyodideModule } = await importChecked(`${core}pyodide.asm.mjs`);
  const python = await load({
    ...options,
    indexURL: core,
    lockFileContents: lock,
    packageBaseUrl: packages,
    createPyodideModule,
    packages: lite.preload,
  });
  python.loadPackagesFromImports = bookLoader(python, live, needsSource);
  return python;
}

export async function loadPyodide(options) {
  try {
    return await start(options);
  } catch (error) {
    const { message } = downloads.problem ?? error;
    throw new Error(`Python could not start. ${message}`); // notice.js waits for these words
  }
}
