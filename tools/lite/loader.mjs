// What JupyterLite's kernel loads in the place of pyodide.mjs: the same Pyodide as the pages', from
// the same address, with every byte checked, and the book's own packages and data in place.
import {
  checkedDownloads,
  fetchCore,
  loadCore,
  readLock,
  sameSite,
} from "../_static/live/core.js";

const HERE = new URL(".", import.meta.url).href;
const LIVE = new URL("../_static/live/", HERE).href;

const downloads = checkedDownloads(() => {});

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
  await fetchCore(downloads, pins, core);
  const { data } = live;
  const wheels = [
    [live.wheels, LIVE],
    [lite.wheels, HERE],
  ];
  const lock = await readLock(downloads, { core, packages, pins, wheels, data, base: LIVE });
  const python = await loadCore(downloads, core, packages, lock, {
    ...options,
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
