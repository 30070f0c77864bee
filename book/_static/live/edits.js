// What the reader changed on a page, kept in this browser until the reader discards it.
//
// A record is {number, source, code}: the cell's number, what the book had there when it was
// changed, and what the reader made of it. When the book has changed since, the record fits no
// cell any more; it is offered to the reader beside the cell that has its place now.

const TROUBLE =
  "This browser does not let the page keep your edits: its storage is blocked or full. They last " +
  "until you leave or reload this page.";

function isRecord(record) {
  return (
    Number.isInteger(record?.number) &&
    typeof record.source === "string" &&
    typeof record.code === "string"
  );
}

function same(a, b) {
  return a.number === b.number && a.source === b.source && a.code === b.code;
}

export class Edits {
  // `key` names the page in the browser's storage; `onTrouble` gets a sentence, or "" when over.
  constructor(key, onTrouble) {
    this.key = key;
    this.onTrouble = onTrouble;
  }

  // Read afresh every time: another tab may show the same page.
  read() {
    try {
      const records = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(records) ? records.filter(isRecord) : [];
    } catch {
      return []; // blocked, or not what we wrote
    }
  }

  write(records) {
    try {
      if (records.length) localStorage.setItem(this.key, JSON.stringify(records));
      else localStorage.removeItem(this.key);
      this.onTrouble("");
    } catch {
      this.onTrouble(records.length ? TROUBLE : "");
    }
  }

  // Give the cells their edits back; what fits none is offered. Returns how many of each.
  restore(cells) {
    const records = this.read();
    const free = new Set(cells);
    const waiting = new Set(records);
    const give = (fits) => {
      for (const record of waiting) {
        const cell = [...free].find((one) => fits(record, one));
        if (!cell) continue;
        free.delete(cell);
        waiting.delete(record);
        record.number = cell.number;
        cell.restore(record.code);
      }
    };
    give((record, cell) => record.source === cell.original && record.number === cell.number);
    give((record, cell) => record.source === cell.original); // cells were added or taken above it
    let offered = 0;
    for (const record of waiting) {
      const cell = cells.find((one) => one.number >= record.number) ?? cells.at(-1);
      if (!cell || record.code === cell.original) {
        records.splice(records.indexOf(record), 1); // the book says now what the reader wrote
      } else {
        cell.offer(record);
        offered += 1;
      }
    }
    if (records.length || waiting.size) this.write(records);
    return { restored: cells.length - free.size, offered };
  }

  keep({ number, original, code }) {
    const others = this.read().filter(
      (record) => record.number !== number || record.source !== original,
    );
    this.write(code === original ? others : [...others, { number, source: original, code }]);
  }

  drop(record) {
    this.write(this.read().filter((other) => !same(other, record)));
  }

  clear() {
    this.write([]);
  }
}
