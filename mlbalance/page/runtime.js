// What Python has built in, for the modules that are translated.
const modules = {};
const imported = (name) => modules[name] || {};

const py = (() => {
  class Keywords { constructor(given) { Object.assign(this, given); } }
  const keywords = (given) => new Keywords(given);
  const options = (args) => (args.at(-1) instanceof Keywords ? args.pop() : {});
  const plain = (x) => x !== null && typeof x === "object" && !Array.isArray(x) && !x[Symbol.iterator];
  const iter = (x) => (typeof x === "string" || (x && x[Symbol.iterator]) ? x : Object.keys(x));
  const list = (x = []) => Array.from(iter(x));
  const truth = (x) => {
    if (x === null || x === undefined) return false;
    if (Array.isArray(x)) return x.length > 0;
    if (plain(x)) return Object.keys(x).length > 0;
    return typeof x === "number" ? x !== 0 : Boolean(x);
  };
  const eq = (a, b) => {
    if (a === b) return true;
    if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => eq(x, b[i]));
    if (plain(a) && plain(b)) {
      const keys = Object.keys(a);
      return keys.length === Object.keys(b).length && keys.every((key) => eq(a[key], b[key]));
    }
    return (a ?? null) === (b ?? null);
  };
  const order = (a, b) => {
    if (!Array.isArray(a)) return a < b ? -1 : a > b ? 1 : 0;
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const sign = order(a[i], b[i]);
      if (sign) return sign;
    }
    return a.length - b.length;
  };
  const sorted = (...args) => {
    const { key = (x) => x, reverse = false } = options(args);
    const sign = reverse ? -1 : 1;
    return list(args[0]).map((x) => [key(x), x]).sort((a, b) => sign * order(a[0], b[0])).map((x) => x[1]);
  };
  const extreme = (sign) => (...args) => {
    const { key = (x) => x, default: otherwise = null } = options(args);
    const of = args.length > 1 ? args : list(args[0]);
    if (!of.length) return otherwise;
    return of.reduce((a, b) => (sign * order(key(b), key(a)) > 0 ? b : a));
  };
  const zip = (...args) => {
    options(args);
    const lists = args.map(list);
    return lists.length ? Array.from({ length: Math.min(...lists.map((x) => x.length)) }, (_, i) => lists.map((x) => x[i])) : [];
  };
  const range = (...args) => {
    const [low, high] = args.length > 1 ? args : [0, args[0]];
    return Array.from({ length: Math.max(0, high - low) }, (_, i) => low + i);
  };
  const at = (x, i) => {
    if (plain(x)) {
      if (!(i in x)) throw Error(`There is no ${i}.`);
      return x[i];
    }
    return i < 0 ? x[x.length + i] : x[i];
  };
  const contains = (x, item) => (typeof x === "string" ? x.includes(item) : plain(x) ? item in x : list(x).some((y) => eq(y, item)));
  const add = (a, b) => (Array.isArray(a) ? [...a, ...b] : a + b);
  const times = (a, b) => {
    if (typeof a === "string") return a.repeat(Number(b));
    if (Array.isArray(a)) return Array.from({ length: b }, () => a).flat();
    return a * b;
  };

  // Format specifications. Decimal digits of a double are exact in `toFixed`, so that a number
  // half-way between two goes to the even one, as in Python.
  const fixed = (x, digits) => {
    const shown = Math.abs(x).toFixed(digits);
    const exact = Math.abs(x) < 1e21 ? Math.abs(x).toFixed(Math.min(100, digits + 30)) : "";
    const point = exact.indexOf(".");
    if (point < 0 || !/^50*$/.test(exact.slice(point + 1 + digits))) return shown;
    const below = digits ? exact.slice(0, point + 1 + digits) : exact.slice(0, point);
    return Number(below.at(-1)) % 2 ? shown : below;
  };
  const scientific = (size, digits) => {
    const [exact, power] = size.toExponential(Math.min(100, digits + 30)).split("e");
    const end = digits ? digits + 2 : 1;
    const isTie = /^5?0*$/.test(exact.slice(end).replace(".", "")) && exact.slice(end).includes("5");
    return isTie && Number(exact[end - 1]) % 2 === 0 ? [exact.slice(0, end), power] : size.toExponential(digits).split("e");
  };
  const general = (x, digits) => {
    const size = Math.abs(x), p = digits || 1;
    if (size === 0) return "0";
    const trimmed = (shown) => (shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown);
    const [mantissa, power] = scientific(size, p - 1), exponent = Number(power);
    if (exponent >= -4 && exponent < p) return trimmed(fixed(size, p - 1 - exponent));
    return `${trimmed(mantissa)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  };
  const grouped = (digits) => digits.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
  const format = (value, spec) => {
    if (spec === "" || typeof value === "string") return str(value);
    const [, sign, comma, digits, type] = /^([+]?)(,?)(?:\.(\d+))?([dfg]?)$/.exec(spec);
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : `${sign}inf`;
    const places = digits === undefined ? 6 : Number(digits);
    let shown = type === "f" ? fixed(value, places) : type === "g" ? general(value, places) : String(Math.abs(value));
    if (comma) shown = grouped(shown);
    const negative = value < 0 || Object.is(value, -0);
    return (negative ? "-" : sign) + shown;
  };
  const str = (x) => {
    if (x === null || x === undefined) return "None";
    if (typeof x === "boolean") return x ? "True" : "False";
    if (typeof x === "string") return x;
    if (typeof x !== "number") return repr(x);
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x < 0 ? "-inf" : "inf";
    if (Number.isInteger(x) && Math.abs(x) < 1e21) return String(x);
    return String(x).replace(/e([+-])(\d)$/, "e$10$2");
  };
  const repr = (x) => {
    if (typeof x === "string") {
      const quote = x.includes("'") && !x.includes('"') ? '"' : "'";
      return quote + x.replace(/\\/g, "\\\\").replaceAll(quote, `\\${quote}`).replace(/\n/g, "\\n").replace(/\t/g, "\\t") + quote;
    }
    if (Array.isArray(x)) return `[${x.map(repr).join(", ")}]`;
    return plain(x) && "repr" in x ? x.repr : str(x);
  };
  const round = (x, digits = 0) => Number(format(x, `.${digits}f`));

  class Refusal extends Error {}
  const methods = {
    append: (x, item) => { x.push(item); return null; },
    items: (x) => Object.entries(x),
    values: (x) => Object.values(x),
    keys: (x) => Object.keys(x),
    get: (x, key, otherwise = null) => (key in x ? x[key] : otherwise),
    index: (x, item) => x.findIndex((y) => eq(y, item)),
    count: (x, item) => x.filter((y) => eq(y, item)).length,
    join: (x, parts) => list(parts).join(x),
    replace: (x, old, put) => x.replaceAll(old, () => put),
    strip: (x) => x.trim(),
    lower: (x) => x.toLowerCase(),
    upper: (x) => x.toUpperCase(),
    split: (x, by) => x.split(by),
    isdecimal: (x) => /^\d+$/.test(x),
    startswith: (x, part) => x.startsWith(part),
    endswith: (x, part) => x.endsWith(part),
    removesuffix: (x, part) => (part && x.endsWith(part) ? x.slice(0, -part.length) : x),
    partition: (x, by) => { const i = x.indexOf(by); return i < 0 ? [x, "", ""] : [x.slice(0, i), by, x.slice(i + by.length)]; },
  };
  const call = (x, name, ...args) => {
    if (plain(x) && typeof x[name] === "function") return x[name](...args);
    if (!methods[name]) throw Error(`There is no ${name}.`);
    return methods[name](x, ...args);
  };
  return {
    keywords, iter, list, truth, eq, sorted, zip, range, at, contains, add, times, format, str, repr, round, call, Refusal,
    tuple: list,
    set: (x) => list(x).filter((y, i, all) => all.findIndex((z) => eq(y, z)) === i),
    dict: (pairs) => Object.fromEntries(list(pairs)),
    len: (x) => (plain(x) ? Object.keys(x).length : x.length),
    min: extreme(-1), max: extreme(1),
    abs: Math.abs, float: Number, bool: Boolean,
    int: (x) => Math.trunc(Number(x)),
    isinstance: (x, kind) => kind === Boolean && typeof x === "boolean",
    sum: (x, start = 0) => list(x).reduce((a, b) => a + b, start),
    any: (x) => list(x).some(truth), all: (x) => list(x).every(truth),
    map: (f, ...of) => zip(...of).map((args) => f(...args)),
    filter: (f, of) => list(of).filter((x) => truth(f ? f(x) : x)),
    enumerate: (x, start = 0) => list(x).map((y, i) => [i + start, y]),
    reversed: (x) => list(x).reverse(),
    slice: (x, low, high) => x.slice(low ?? 0, high ?? undefined),
    floor: (a, b) => Math.floor(a / b),
    mod: (a, b) => ((a % b) + b) % b,
    power: (a, b) => a ** b,
    and: (a, b) => (truth(a) ? b() : a),
    or: (a, b) => (truth(a) ? a : b()),
    error: (name, message) => Object.assign(new Refusal(message), { name }),
  };
})();

// Sums of the formulas, and the error function: a series of positive terms near zero, a continued
// fraction beyond.
const sum = (low, high, term) => { let total = 0; for (let k = low; k <= high; k++) total += term(k); return total; };
const erfc = (x) => {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2.5) return 1 - erf(x);
  if (x > 27) return 0;
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = (k / 2) / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
};
const erf = (x) => {
  if (Math.abs(x) >= 2.5) return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
  let term = x, total = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(total); k++) { term *= (2 * x * x) / (2 * k + 1); total += term; }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
};
const cdf = (x) => erfc(-x / Math.SQRT2) / 2;
// The maps, their numbers of two bytes read.
const unpacked = (maps) => {
  const numbers = (told) => {
    const bytes = Uint8Array.from(atob(told), (c) => c.charCodeAt(0)), view = new DataView(bytes.buffer);
    return Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true));
  };
  const each = (grid) => ({ ...grid, quantiles: Object.fromEntries(Object.entries(grid.quantiles).map(([name, told]) => [name, numbers(told)])) });
  return { ...maps, cdf, grids: maps.grids.map(each), excess: { ...maps.excess, values: numbers(maps.excess.values) } };
};

modules.math = { inf: Infinity, nan: NaN, sqrt: Math.sqrt, floor: Math.floor, ceil: Math.ceil, log: Math.log, exp: Math.exp, cos: Math.cos, sin: Math.sin, isnan: Number.isNaN, isfinite: Number.isFinite, pi: Math.PI };
modules.heapq = (() => {
  const less = (a, b) => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
  const sink = (heap, i) => {
    for (;;) {
      let least = i;
      for (const j of [2 * i + 1, 2 * i + 2]) if (j < heap.length && less(heap[j], heap[least])) least = j;
      if (least === i) return;
      [heap[i], heap[least]] = [heap[least], heap[i]];
      i = least;
    }
  };
  return {
    heapify: (heap) => { for (let i = heap.length >> 1; i >= 0; i--) sink(heap, i); },
    heapreplace: (heap, item) => { const first = heap[0]; heap[0] = item; sink(heap, 0); return first; },
  };
})();
modules.re = (() => {
  const compiled = (pattern, flags = "") => {
    const inline = /^\(\?([im]+)\)/.exec(pattern);
    return new RegExp(inline ? pattern.slice(inline[0].length) : pattern, flags + (inline ? inline[1] : "") + "u");
  };
  return {
    fullmatch: (pattern, text) => compiled(`^(?:${pattern})$`).exec(text),
    findall: (pattern, text) => Array.from(text.matchAll(compiled(pattern, "g")), (m) => (m.length > 2 ? m.slice(1) : m.length > 1 ? m[1] : m[0])),
    sub: (pattern, put, text) => text.replace(compiled(pattern, "g"), () => put),
    split: (pattern, text) => text.split(compiled(pattern)),
  };
})();
modules["mlbalance.report"] = (() => {
  const paragraph = (...content) => ({ kind: "paragraph", content: content.filter((piece) => piece !== "") });
  return {
    paragraph,
    Math: (text, latex = "") => ({ kind: "math", text, latex: latex || text }),
    Code: (text) => ({ kind: "code", text }),
    Strong: (text) => ({ kind: "strong", text }),
    items: (entries) => ({ kind: "items", entries: py.list(entries) }),
    Table: (rows, head = []) => ({ kind: "table", rows, head }),
    Section: (heading, blocks) => ({ kind: "section", heading, blocks }),
    Document: (title, sections) => ({ kind: "document", title, sections }),
  };
})();
