// One Python per page, in a module worker, so that a long run never freezes the page and an
// endless one can be ended by ending the worker.
import { checkedDownloads, fetchCore, loadCore, readLock, sameSite } from "./core.js";
import { LiveProblem } from "./downloads.js";
import { ENVIRONMENT, Interpreter, RUNTIME } from "./interpreter.js";

const downloads = checkedDownloads((progress) => postMessage({ type: "progress", ...progress }));
let python, interpreter;

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
  const bytes = async (name) => new Uint8Array(await (await sameSite(address(name))).arrayBuffer());
  const pairs = Promise.all(names.map(async (name) => [name, await bytes(name)]));
  pairs.catch(() => {}); // seen when it is awaited; until then it is not "unhandled"
  return pairs;
}

async function start({ base, live, pins, folder, files, firstCell }) {
  const core = new URL(live.core, base).href;
  const packages = new URL(live.packages, base).href;
  const whole = fetchCore(downloads, pins, core);
  whole.catch(() => {}); // seen when it is awaited; until then it is not "unhandled"
  const runtime = named(RUNTIME, (name) => `${base}python/${name}`);
  const plain = named(files, (name) => `${base}files/${folder}${name}`);

  const { data } = live;
  const wheels = [[live.wheels, base]];
  const lock = await readLock(downloads, { core, packages, pins, wheels, data, base });
  fetchAhead(firstCell, lock, live.modules, packages);
  await whole; // Pyodide would wait for ever for a file that does not come
  python = await loadCore(downloads, core, packages, lock, { env: ENVIRONMENT });

  interpreter = new Interpreter(python, {
    runtime: await runtime,
    files: await plain,
    modules: live.modules,
    data,
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
