// How Pyodide is started, in the page's worker and in JupyterLite's kernel alike: from one address,
// with every byte checked, and with the book's own packages in its lock.
import { Downloads, LiveProblem, base64 } from "./downloads.js";

const LOCK = "pyodide-lock.json";

// From here on, everything Pyodide fetches and we know the hash of goes through these downloads.
export function checkedDownloads(report) {
  const browserFetch = globalThis.fetch.bind(globalThis);
  const downloads = new Downloads(browserFetch, report);
  globalThis.fetch = (input, options) => {
    const url = String(input?.url ?? input);
    return downloads.known.has(url) ? downloads.response(url) : browserFetch(input, options);
  };
  return downloads;
}

// One of the book's own files, as a response.
export async function sameSite(url) {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) {
    throw new LiveProblem("download", `This book's own file ${url} could not be loaded.`);
  }
  return response;
}

// Start fetching Python itself; the promise is of all its files.
export function fetchCore(downloads, pins, core) {
  for (const [name, { integrity, bytes }] of Object.entries(pins.files)) {
    downloads.expect(core + name, integrity, bytes, "Python");
  }
  return Promise.all(Object.keys(pins.files).map((name) => downloads.get(core + name)));
}

function expectFile(downloads, url, sha256, bytes, label) {
  const digest = Uint8Array.from(sha256.match(/../g), (pair) => Number.parseInt(pair, 16));
  downloads.expect(url, `sha256-${base64(digest)}`, bytes, label);
}

// The official lock, which names the hash of every wheel, and our own wheels added to it: lists of
// entries, each with the address they are relative to. Stored data is expected too.
export async function readLock(downloads, { core, packages, pins, wheels, data, base }) {
  const lock = JSON.parse(new TextDecoder().decode(await downloads.get(core + LOCK)));
  for (const [entries, from] of wheels) {
    for (const entry of entries) {
      const file_name = new URL(entry.file_name, from).href;
      lock.packages[entry.name] = { ...lock.packages[entry.name], ...entry, file_name };
    }
  }
  for (const entry of Object.values(lock.packages)) {
    const url = new URL(entry.file_name, packages).href;
    const bytes = entry.bytes ?? pins.wheels[entry.file_name] ?? 0;
    expectFile(downloads, url, entry.sha256, bytes, entry.name);
  }
  for (const { url, path, sha256, bytes } of data) {
    expectFile(downloads, new URL(url, base).href, sha256, bytes, path.split("/").pop());
  }
  return lock;
}

async function importChecked(downloads, url) {
  const script = new Blob([await downloads.get(url)], { type: "text/javascript" });
  const address = URL.createObjectURL(script);
  try {
    return await import(address);
  } finally {
    URL.revokeObjectURL(address);
  }
}

export async function loadCore(downloads, core, packages, lock, options) {
  const { loadPyodide } = await importChecked(downloads, `${core}pyodide.mjs`);
  const { default: createPyodideModule } = await importChecked(downloads, `${core}pyodide.asm.mjs`);
  return loadPyodide({
    ...options,
    indexURL: core,
    lockFileContents: lock,
    packageBaseUrl: packages,
    createPyodideModule,
  });
}
