// One Python per page, in a module worker, so that a long run never freezes the page and an
// endless one can be ended by ending the worker.
import { Downloads, LiveProblem, base64 } from "./downloads.js";
import { ENVIRONMENT, Interpreter, RUNTIME } from "./interpreter.js";

const LOCK = "pyodide-lock.json";

const browserFetch = self.fetch.bind(self);
const downloads = new Downloads(browserFetch, (progress) =>
  postMessage({ type: "progress", ...progress }),
);
let python, interpreter;

// Everything Pyodide fetches and we know the hash of goes through the checked downloads.
self.fetch = (input, options) => {
  const url = String(input?.url ?? input);
  return downloads.known.has(url) ? downloads.response(url) : browserFetch(input, options);
};

async function importChecked(url) {
  const script = new Blob([await downloads.get(url)], { type: "text/javascript" });
  const address = URL.createObjectURL(script);
  try {
    return await import(address);
  } finally {
    URL.revokeObjectURL(address);
  }
}

async function sameSite(url) {
  const response = await browserFetch(url).catch(() => null);
  if (!response?.ok) {
    throw new LiveProblem("download", `This book's own file ${url} could not be loaded.`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

function expectCore(pins, core) {
  for (const [name, { integrity, bytes }] of Object.entries(pins.files)) {
    downloads.expect(core + name, integrity, bytes, "Python");
  }
}

function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16));
}

function expectFile(url, sha256, bytes, label) {
  downloads.expect(url, `sha256-${base64(fromHex(sha256))}`, bytes, label);
}

// The official lock, which names the hash of every wheel, and the book's own wheels added to it.
async function readLock(live, pins, base, core, packages) {
  const lock = JSON.parse(new TextDecoder().decode(await downloads.get(core + LOCK)));
  for (const entry of live.wheels) {
    lock.packages[entry.name] = { ...entry, file_name: new URL(entry.file_name, base).href };
  }
  for (const entry of Object.values(lock.packages)) {
    const url = new URL(entry.file_name, packages).href;
    const bytes = entry.bytes ?? pins.wheels[entry.file_name] ?? 0;
    expectFile(url, entry.sha256, bytes, entry.name);
  }
  for (const { url, path, sha256, bytes } of live.data) {
    expectFile(new URL(url, base).href, sha256, bytes, path.split("/").pop());
  }
  return lock;
}

// Start fetching what the first cell will want while Python itself is still coming. A rough
// reading of its imports will do: what it misses is loaded when the cell runs.
function fetchAhead(code, lock, modules, packages) {
  const names = [...code.matchAll(/^\s*(?:from|import)\s+([\w.]+)/gm)].map((match) => match[1]);
  const tops = new Set(
    names.flatMap((name) => [name.split(".")[0], ...(modules[name]?.now ?? [])]),
  );
  const todo = Object.keys(lock.packages).filter((key) =>
    lock.packages[key].imports.some((name) => tops.has(name)),
  );
  const seen = new Set();
  while (todo.length) {
    const key = todo.pop().toLowerCase().replaceAll("_", "-");
    if (seen.has(key)) continue;
    seen.add(key);
    const { depends, file_name } = lock.packages[key];
    todo.push(...depends);
    downloads.get(new URL(file_name, packages).href).catch(() => {});
  }
}

async function loadImports(names) {
  downloads.problem = null;
  const quiet = { messageCallback() {}, errorCallback() {} };
  const code = names.map((name) => `import ${name}`).join("\n");
  try {
    await python.loadPackagesFromImports(code, quiet);
  } catch (error) {
    throw downloads.problem ?? error;
  }
  if (downloads.problem) throw downloads.problem;
}

// The book's own files by name: a promise of a list of pairs.
function named(names, address) {
  const pairs = Promise.all(names.map(async (name) => [name, await sameSite(address(name))]));
  pairs.catch(() => {}); // seen when it is awaited; until then it is not "unhandled"
  return pairs;
}

async function start({ base, live, pins, folder, files, firstCell }) {
  const core = new URL(live.core, base).href;
  const packages = new URL(live.packages, base).href;
  expectCore(pins, core);
  const whole = Promise.all(Object.keys(pins.files).map((name) => downloads.get(core + name)));
  whole.catch(() => {}); // seen when it is awaited; until then it is not "unhandled"
  const runtime = named(RUNTIME, (name) => `${base}python/${name}`);
  const plain = named(files, (name) => `${base}files/${folder}${name}`);

  const lock = await readLock(live, pins, base, core, packages);
  fetchAhead(firstCell, lock, live.modules, packages);
  await whole; // Pyodide would wait for ever for a file that does not come
  const { loadPyodide } = await importChecked(`${core}pyodide.mjs`);
  const { default: createPyodideModule } = await importChecked(`${core}pyodide.asm.mjs`);
  python = await loadPyodide({
    indexURL: core,
    lockFileContents: lock,
    packageBaseUrl: packages,
    createPyodideModule,
    env: ENVIRONMENT,
  });

  interpreter = new Interpreter(python, {
    runtime: await runtime,
    files: await plain,
    modules: live.modules,
    data: live.data,
    emit: (output) => postMessage({ type: "output", ...output }),
    load: loadImports,
    fetchData: ({ url }) => downloads.get(new URL(url, base).href),
  });
  const scripts = (await plain).filter(([name]) => name.endsWith(".py"));
  const texts = scripts.map(([, bytes]) => new TextDecoder().decode(bytes));
  for (const code of [firstCell, ...texts]) await interpreter.loadNeeds(code);
}

async function run({ code, number }) {
  try {
    await interpreter.loadNeeds(code);
    postMessage({ type: "running" });
    return await interpreter.run(code, number);
  } catch (error) {
    // Python's own errors are shown by live_runtime; this is a failed download, or Python's end.
    const text =
      error instanceof LiveProblem
        ? `${error.message} Run the cell again to try again.`
        : `Python has ended: ${error.message} Press Restart to begin afresh.`;
    postMessage({ type: "output", kind: "error", text });
    return false;
  }
}

self.onmessage = async ({ data }) => {
  if (data.type === "start") {
    try {
      await start(data);
      postMessage({ type: "ready" });
    } catch (error) {
      const problem = downloads.problem ?? error;
      const told =
        problem instanceof LiveProblem
          ? problem.message
          : `Python could not start in this browser (${problem.message ?? problem}). A current ` +
            "version of Chrome, Edge, Firefox or Safari is needed. The page stays readable.";
      postMessage({ type: "failed", message: told });
    }
  } else {
    postMessage({ type: "done", ok: await run(data) });
  }
};
