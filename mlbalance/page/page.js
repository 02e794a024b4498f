// What is shown: from the translated modules, the formulas and the data that the build puts in.
(() => {
  const $ = (id) => document.getElementById(id);
  const { counts_of, prior_of } = modules["mlbalance.page.pasted"];
  const { answer, bag_ratios } = modules["mlbalance.page.answer"];
  const { refuse_features } = modules["mlbalance.advise.regime_limits"];
  const { at_classes, mapped, ratio_of_others, regime } = modules["mlbalance.page.regime"];
  const { _existence } = modules["mlbalance.advise.option_sections"];
  const { BEST_THRESHOLD, label_of } = modules["mlbalance.advise.error_table"];
  const { snippet, SNIPPETS } = modules["mlbalance.advise.code"];
  const tell = modules["mlbalance.advise.document"].document;
  const METHODS = modules["mlbalance.methods"].METHODS;
  const MOST_SHOWN = 12;

  const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
  const GREEK = { tau: "τ", pi: "π", lambda: "λ", alpha: "α", mu: "μ", sigma: "σ" };
  // Mathematics within a sentence: letters with an index or a power.
  const math = (text) => {
    const html = escape(text)
      .replace(/([A-Za-z]+)_([A-Za-z0-9]+)\^(\d+)/g, "$1<sub>$2</sub><sup>$3</sup>")
      .replace(/([A-Za-z]+)_([A-Za-z0-9]+)/g, "$1<sub>$2</sub>")
      .replace(/\^(-?\w+)/g, "<sup>$1</sup>")
      .replace(/&gt;=/g, "≥").replace(/ - /g, " − ")
      .replace(/\b(tau|pi|lambda|alpha|mu|sigma)(?=\b|<)/g, (word) => GREEK[word])
      .replace(/\b(log|mean of|min|max|maj)\b/g, '<span class="r">$1</span>')
      .replace(/(?<![\w#&;])(\d[\d.,]*)/g, '<span class="r">$1</span>');
    return `<span class="math">${html}</span>`;
  };
  const inline = (content) => content.map((piece) =>
    typeof piece === "string" ? escape(piece)
    : piece.kind === "math" ? math(piece.text)
    : piece.kind === "code" ? `<code>${escape(piece.text)}</code>`
    : piece.kind === "strong" ? `<strong>${escape(piece.text)}</strong>` : "").join("");
  const block = (part) => part.kind === "items"
    ? `<ul>${part.entries.map((entry) => `<li>${inline(entry.content)}</li>`).join("")}</ul>`
    : part.kind === "paragraph" ? `<p>${inline(part.content)}</p>` : "";
  const section = (text, heading) => text.sections.flatMap((group) => group.blocks).find((part) => part.heading === heading);
  const blocks = (text, heading) => (section(text, heading)?.blocks ?? []);

  const why = (label, about) => claims[label]
    ? `<button type="button" class="why" data-claim="${label}" aria-label="Why ${escape(about)}: claim ${label}">why</button>` : "";
  // A number that is shown, with all its digits for those who want them, and the tests.
  const number = (key, value, shown) => `<data value="${value}" data-key="${escape(key)}">${escape(shown)}</data>`;
  const ratio = (value) => py.format(value, value < 100 ? ".2f" : ",.0f");
  const percent = (share) => modules["mlbalance.report.numbers"].percent(100 * share);

  // State: what the form holds, and the fragment of the address.
  const DEFAULTS = { counts: "23, 5, 44, 14, 19, 31", target: "balanced", prior: "", features: "", separation: "", next: "10", bags: "10", code: "" };
  const state = { ...DEFAULTS };
  let last = null;

  const fromFragment = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    Object.assign(state, DEFAULTS);
    for (const key of Object.keys(DEFAULTS)) if (given.has(key)) state[key] = given.get(key);
    if (!SNIPPETS[state.code]) state.code = "";
    if (!["balanced", "natural", "own"].includes(state.target)) state.target = DEFAULTS.target;
    $("counts").value = state.counts;
    document.querySelector(`[name=target][value=${state.target}]`).checked = true;
    for (const key of ["prior", "features", "separation", "next"]) $(key).value = state[key];
    const bags = Math.round(Number(state.bags));
    state.bags = String(bags >= 1 && bags <= MOST_BAGS ? bags : 10);
    $("bags").value = sliderOf(Number(state.bags));
  };
  // Not at every key: browsers refuse too many changes of the address in a row.
  let later = 0;
  const toFragment = () => {
    clearTimeout(later);
    later = setTimeout(writeFragment, 300);
  };
  const writeFragment = () => {
    const told = new URLSearchParams();
    for (const [key, value] of Object.entries(state)) if (value !== DEFAULTS[key]) told.set(key, value);
    const hash = String(told);
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  };

  const MOST_BAGS = 1000;
  const bagsOf = (slider) => Math.round(Math.exp((slider / 1000) * Math.log(MOST_BAGS)));
  const sliderOf = (bags) => Math.round((1000 * Math.log(bags)) / Math.log(MOST_BAGS));

  const read = () => {
    const [names, counts] = counts_of(state.counts);
    const prior = state.target === "own" ? prior_of(state.prior, counts.length) : null;
    const target = state.target === "natural" ? "natural" : "balanced";
    const ask = (budget) => answer(formulas, counts, target, prior, budget, 0.1);
    let fault = "", advice;
    try {
      advice = ask(/^\s*\d+\s*$/.test(state.next) ? Number(state.next) : NaN);
    } catch (error) {
      if (!(error instanceof py.Refusal)) throw error;
      advice = ask(null);
      fault = `A budget is a whole number of rows from 1 to 10**12; ${state.next.trim() || "nothing"} was given.`;
    }
    const features = optional(state.features), separation = features === null ? null : optional(state.separation);
    if (features === null && state.separation.trim()) throw py.error("InputError", "A separation came without features. Give both.");
    if (features !== null) {
      refuse_features(features, separation);
      advice = withFeatures(advice, features, separation);
    }
    return { names, counts, prior, advice, nextFault: fault };
  };
  const optional = (text) => (text.trim() === "" ? null : /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : NaN);

  // The regime, with the probability of no fit once that is simulated.
  let simulated = { key: null, stop: () => {}, found: undefined };
  const withFeatures = (advice, features, separation) => {
    const { counts, target_prior: prior } = advice, key = JSON.stringify([counts, features, separation]);
    if (simulated.key !== key) {
      simulated.stop();
      simulated = { key, stop: () => {}, found: undefined };
      if (separation !== null) {
        const mine = simulated;
        mine.stop = simulate(counts, features, separation, (found) => { mine.found = found; if (simulated === mine) setTimeout(update, 0); });
      }
    }
    const chances = (simulated.found ?? [null, null]).map((chance) => chance && chance.value);
    const found = regime({ ...formulas, erfc }, maps, counts, features, separation, chances);
    if (found.predicted) {
      const errors = prior ? null : found.predicted.errors;
      found.predicted = {
        ridges: at_classes(maps, counts.length)[1], recommended: prior ? null : found.predicted.recommended, matched: null, isKnown: Boolean(errors),
        errors: errors ? { ...errors, [BEST_THRESHOLD]: errors["class-weights+loo"] } : {},
        best: (id) => errors?.[id === BEST_THRESHOLD ? "class-weights+loo" : id]?.at(-1) ?? NaN,
      };
    }
    const [all, kept] = simulated.found ?? [null, null];
    const refused = Math.min(...counts) <= features || prior;
    const gaussian = separation === null ? null : {
      features, separation, variance_ratio: refused ? null : advice.variance_ratio, refused: "", quadrature_error: 0,
      no_mle: { "class-weights": all, undersample: kept },
    };
    return { ...advice, regime: found, gaussian };
  };

  const update = () => {
    let fault = "";
    try {
      last = read();
    } catch (error) {
      if (!(error instanceof py.Refusal)) throw error;
      fault = error.message.replace(/; see mlbalance.*$/, "");
    }
    const about = /^A prior/.test(fault) ? "prior" : /^Features/.test(fault) ? "features" : /^A separation/.test(fault) ? "separation" : "counts";
    for (const id of ["counts", "prior", "features", "separation"]) $(id).setAttribute("aria-invalid", String(Boolean(fault) && id === about));
    $("fault").textContent = fault && (last ? `${fault} The answer is still that of the last counts.` : fault);
    $("prior").hidden = state.target !== "own";
    if (!fault) { toFragment(); show(last); }
  };

  const nameOf = ({ names }, k) => (names.length ? names[k] : `class ${k}`);

  const show = (given) => {
    const { advice } = given;
    const text = tell(advice);
    // With more classes the errors of the methods decide, which are not on the page: as in advice
    // without a separation, the answer is that of the counts.
    const alone = advice.counts.length > 2 ? tell({ ...advice, regime: null }) : text;
    $("do").innerHTML = blocks(alone, "Do").map(block).join("");
    const asks = advice.gaussian && !advice.regime.predicted?.isKnown;
    $("beside").innerHTML = asks ? `The errors of the methods in that many features are not on this page. <code>${escape(command(given))}</code> predicts them, and may name another method.` : "";
    $("tiles").innerHTML = tiles(given);
    const pending = advice.gaussian && simulated.found === undefined;
    $("regime").innerHTML = pending && advice.counts.length > 2 ? "<p>Whether there is a fit is being simulated ...</p>" : blocks(text, "Regime").map(block).join("");
    $("why").innerHTML = blocks(text, "Why").map(block).join("");
    many(given, text, pending);
    const [effect] = blocks(text, "Effect");
    $("effect").innerHTML = inline(effect.content);
    prices(advice);
    $("holds").innerHTML = `Holds: ${inline(blocks(text, "Holds")[0].content)}`;
    classes(given, text);
    bags(given, text);
    $("limits").innerHTML = blocks(text, "Limits").map(block).join("");
    code(given);
  };

  const tiles = (given) => {
    const { advice } = given;
    if (advice.recommendation === "no-difference") return "";
    const under = advice.variance_ratio.undersample, share = Math.max(...advice.variance_share);
    const k = advice.variance_share.indexOf(share);
    const kept = modules["mlbalance.report.numbers"].decimal;
    const least = modules["mlbalance.report.numbers"].count(Math.min(...advice.counts));
    return [
      [number("variance_ratio.undersample", under, `× ${ratio(under)}`), `the variance of the fit if every class is undersampled to ${least}`, "harmonic"],
      [`${number("effective_size_undersampled", advice.effective_size_undersampled, kept(advice.effective_size_undersampled))} of ${number("effective_size", advice.effective_size, kept(advice.effective_size))}`, "effective rows that an undersample uses", "kish"],
      ...errorTile(advice),
      [number(`variance_share.${k}`, share, percent(share)), `of the variance comes from ${escape(nameOf(given, k))} (${modules["mlbalance.report.numbers"].count(advice.counts[k])})`, "budget"],
    ].map(([value, about, label]) => `<div><dt>${about}${why(label, about)}</dt><dd>${value}</dd></div>`).join("");
  };

  // What it comes to in errors, where the maps know it.
  const errorTile = ({ regime: found }) => {
    if (!found?.predicted?.isKnown) return [];
    const [weighted, kept] = ["class-weights", "undersample"].map((id) => number(`predicted.${id}`, found.predicted.best(id), py.format(100 * found.predicted.best(id), ".1f")));
    return [[`${weighted} / ${kept} %`, "balanced error predicted for class weights / for an undersample", "self-influence"]];
  };

  const CLAIM_OF = { "class-weights": "conditional-mean", "under-bagging-10": "bagging" };
  const bars = (rows) => {
    const most = Math.max(2, ...rows.map((row) => row.value));
    const log = most > 20;
    const width = (value) => 100 * (log ? Math.log(value * 1.12) / Math.log(most * 1.12) : value / most);
    return rows.map(({ key, label, value, claim, high, best }) =>
      `<li class="${high ? "high" : ""} ${best ? "best" : ""}"><span>${escape(label)}</span><span class="track" aria-hidden="true"><span class="bar" style="width:${width(value).toFixed(2)}%"></span></span>${number(key, value, ratio(value))}<span>${why(claim, label)}</span></li>`).join("");
  };
  const prices = (advice) => {
    const rows = py.sorted(Object.entries(advice.variance_ratio), py.keywords({ key: (row) => row[1] }));
    $("prices").innerHTML = bars(rows.map(([id, value]) => ({
      key: `variance_ratio.${id}`, label: METHODS[id].label, value, claim: CLAIM_OF[id] ?? "cv2", high: value >= 1.5, best: value < 1 + 1e-9,
    })));
    $("scale").textContent = rows.at(-1)[1] > 20 ? "Bars on a logarithmic scale." : "1.00 is the variance of class weights, which use every row.";
  };

  const classes = (given, text) => {
    const { advice, counts, nextFault } = given;
    const limits = blocks(text, "Limits")[0].entries;
    $("where").innerHTML = advice.recommendation === "no-difference" && !advice.target_prior ? "All classes are alike." : inline(limits[0].content);
    $("next-fault").textContent = nextFault;
    const worth = Math.min(...advice.row_value), { multiple } = modules["mlbalance.report.numbers"];
    let order = counts.map((_, k) => k);
    if (order.length > MOST_SHOWN) order = order.sort((a, b) => advice.variance_share[b] - advice.variance_share[a]).slice(0, MOST_SHOWN);
    const next = advice.budget;
    const head = ["class", "rows", `share of the variance ${why("budget", "the share")}`, `a row is worth ${why("budget", "what a row is worth")}`,
      ...(next ? [`of the next ${escape(py.format(Number(state.next), ","))} rows`] : []), `shift to natural ${why("prior-shift", "the shift")}`];
    const rows = order.map((k) => [
      escape(nameOf(given, k)), py.format(counts[k], ","),
      `<span class="share" aria-hidden="true"><span style="width:${(100 * advice.variance_share[k] / Math.max(...advice.variance_share)).toFixed(2)}%"></span></span>${number(`variance_share.${k}`, advice.variance_share[k], percent(advice.variance_share[k]))}`,
      number(`row_value.${k}`, advice.row_value[k], `× ${multiple(advice.row_value[k] / worth)}`),
      ...(next ? [number(`budget.rows.${k}`, next.rows[k], py.format(next.rows[k], ","))] : []),
      number(`natural_shift.${k}`, advice.natural_shift[k], py.format(advice.natural_shift[k], "+.3f")),
    ]);
    $("classes").innerHTML = `<caption class="hint">A row is worth: relative to a row of the class where it lowers the variance least.</caption><thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join("")}</tr></thead><tbody>${rows.map(([first, ...rest]) => `<tr><th scope="row">${first}</th>${rest.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("")}</tbody>`;
    $("more").textContent = counts.length > MOST_SHOWN ? `The ${MOST_SHOWN} classes with the largest shares, of ${py.format(counts.length, ",")}; all: mlbalance advise --json.` : "";
    $("collect").innerHTML = next ? `${inline(blocks(text, "Collect")[0].content)} ${number("budget.variance_ratio", next.variance_ratio, "")}` : "";
    $("natural").innerHTML = inline(blocks(text, "Natural")[0].content);
  };

  // Features against rows: the diagram of two classes, and the errors at a point of it.
  const spot = { load: 1, ratio: 1, of: null };
  const sliderAt = (value, [low, high]) => Math.round((1000 * (Math.log(value) - low)) / (high - low));
  const valueAt = (slider, [low, high]) => Math.exp(low + (slider / 1000) * (high - low));
  const inside = (value, [low, high]) => Math.min(Math.exp(high), Math.max(Math.exp(low), value));
  const many = (given, text, pending) => {
    const { advice, counts } = given, found = advice.regime;
    $("many").hidden = !found;
    if (!found) return;
    $("no-fit").innerHTML = !advice.gaussian ? "" : pending ? "P(no unique fit without ridge) is being simulated ..."
      : `${escape(_existence(advice.gaussian))}${why("mle-threshold", "whether there is a fit")}`;
    const m = Math.min(...counts), least = counts.indexOf(m);
    const others = counts.map((_, k) => k).filter((k) => k !== least);
    // Maps are of two to six classes; more of them are shown by twos.
    const classes = counts.length > 6 ? 2 : counts.length;
    $("pair-of").hidden = counts.length <= 6;
    const options = others.slice().sort((a, b) => counts[b] - counts[a]).slice(0, 50).map((k) => `<option value="${k}">${escape(nameOf(given, least))} (${py.format(m, ",")}) and ${escape(nameOf(given, k))} (${py.format(counts[k], ",")})</option>`).join("");
    if ($("pair").dataset.of !== options) { $("pair").innerHTML = options; $("pair").dataset.of = options; }
    const shown = counts.length > 6 ? [least, Number($("pair").value)] : counts.map((_, k) => k);
    const placed = (rows) => ({ load: Math.min(...rows) / found.features, ratio: ratio_of_others(rows) });
    const asked = found.separation ?? 2, separation = Math.min(diagram.SEPARATION[1], Math.max(diagram.SEPARATION[0], asked));
    const own = placed(shown.map((k) => counts[k]));
    const next = advice.budget ? placed(shown.map((k) => counts[k] + advice.budget.rows[k])) : own;
    const key = JSON.stringify([own, separation, classes]);
    if (spot.of !== key) Object.assign(spot, own, { of: key });
    const drawing = diagram.draw(separation, classes);
    const svg = $("diagram");
    svg.setAttribute("viewBox", `0 0 ${diagram.WIDTH} ${diagram.HEIGHT}`);
    if ($("map").dataset.of !== drawing.of) { $("map").innerHTML = `<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>${drawing.html}`; $("map").dataset.of = drawing.of; }
    const at = ({ load, ratio }) => diagram.position(load, ratio).map((v) => v.toFixed(1));
    const line = (to, kind) => (at(to).join() === at(own).join() ? "" : `<path class="arrow ${kind}" d="M${at(own).join(" ")}L${at(to).join(" ")}"/>`);
    $("arrows").innerHTML = `${line({ ...own, load: own.load / 2 }, "more")}${line({ load: Math.min(next.load, Math.exp(diagram.LOAD[1])), ratio: next.ratio }, "")}<circle class="place" cx="${at(own)[0]}" cy="${at(own)[1]}" r="6"/>`;
    const swatch = (inner) => `<svg viewBox="0 0 28 14" aria-hidden="true">${inner}</svg>`;
    $("legend").innerHTML = [
      [swatch('<rect width="28" height="14" fill="rgb(59 130 196)"/>'), "class weights have the smaller balanced error"],
      [swatch('<rect width="28" height="14" fill="rgb(217 130 43)"/>'), "an undersample has, each at its best ridge and threshold zero"],
      ...drawing.lines.map(([id, words]) => [swatch(`<path class="curve ${id}" d="M0 7L28 7"/>`), words]),
      [swatch('<circle class="place" cx="14" cy="7" r="5"/>'), "your classes"],
      ...(advice.budget ? [[swatch('<path class="arrow" d="M2 7L24 7"/>'), `what the next ${escape(py.format(Number(state.next), ","))} rows do`]] : []),
      [swatch('<path class="arrow more" d="M26 7L4 7"/>'), "what twice the features do"],
    ].map(([mark, words]) => `<li>${mark}<span>${words}</span></li>`).join("");
    for (const [id, words] of Object.entries(classes === 2 ? { load: "Rows of the smaller class per feature", ratio: "Larger class ÷ smaller class" } : { load: "Rows of the smallest class per feature", ratio: "Harmonic mean of the others ÷ smallest class" })) $(`${id}-of`).textContent = words;
    point(asked, separation, classes);
    const conclusion = found.predicted?.isKnown ? blocks(text, "Errors").slice(2).map((part) => inline(part.content)).join(" ") : "";
    $("conclusion").textContent = "";
    $("conclusion").innerHTML = conclusion;
    const solves = `${command(given)}${advice.gaussian ? "" : ` --separation ${asked}`}`;
    const within = py.format(100 * (classes === 2 ? tolerance.two : tolerance.more), "g");
    const alike = classes > 2 && new Set(counts).size > 2 ? " Your classes but the smallest are taken to be of one size, their harmonic mean: this changes neither an undersample nor, to first order, the total variance of class weights and of bags." : "";
    const exact = counts.length > 6 ? "Errors of more than six classes are not computed, here or in mlbalance."
      : `${classes > 2 ? "For your own counts, in ten seconds:" : "Without a map:"} <code>${escape(solves)}</code>`;
    $("map-note").innerHTML = `For ${classes === 2 ? "two" : counts.length} Gaussian classes with means ${py.format(separation, "g")} apart, in the limit of many rows and features; read from a map, to within ${within} points at the best ridge${found.excess_ratio && asked === separation ? `, and the excess error to within ${py.format(100 * tolerance.excess, "g")} %` : ""}.${alike} ${exact}`;
  };
  const point = (asked, separation, classes) => {
    const own = JSON.parse(spot.of)[0], isOwn = spot.load === own.load && spot.ratio === own.ratio;
    const load = inside(spot.load, diagram.LOAD), ratio = inside(spot.ratio, diagram.RATIO);
    const errors = mapped({ ...formulas, erfc }, maps, classes, load, ratio, separation), ridges = at_classes(maps, classes)[1];
    const beyond = asked !== separation || (isOwn && (load !== spot.load || ratio !== spot.ratio));
    $("load").value = sliderAt(load, diagram.LOAD);
    $("ratio").value = sliderAt(ratio, diagram.RATIO);
    for (const [id, value] of [["load", load], ["ratio", ratio]]) { $(`${id}-shown`).textContent = py.format(value, ".3g"); $(id).setAttribute("aria-valuetext", py.format(value, ".3g")); }
    const [cx, cy] = diagram.position(load, ratio);
    $("cross").innerHTML = isOwn ? "" : `<line class="hair" x1="${cx}" x2="${cx}" y1="10" y2="${diagram.HEIGHT - 46}"/><line class="hair" y1="${cy}" y2="${cy}" x1="58" x2="${diagram.WIDTH - 12}"/><circle class="ring" cx="${cx}" cy="${cy}" r="6"/>`;
    const rows = Object.entries(errors).sort((a, b) => a[1].at(-1) - b[1].at(-1)), least = rows[0][1].at(-1);
    const percent = (id, column, error) => number(`map.${id}.${column}`, error, py.format(100 * error, ".1f"));
    $("errors").innerHTML = `<caption>Balanced error on new rows in %, by ridge on the mean-loss scale, ${isOwn ? "at your place" : "at the cross"}${beyond ? ", the nearest on the map" : ""}.</caption><thead><tr><th scope="col">method</th>${ridges.map((ridge) => `<th scope="col">${ridge}</th>`).join("")}<th scope="col">best</th></tr></thead><tbody>${rows.map(([id, row]) => `<tr class="${row.at(-1) <= least + 1e-5 ? "least" : ""}"><th scope="row">${escape(label_of(id))}</th>${row.map((error, c) => `<td>${percent(id, c, error)}</td>`).join("")}</tr>`).join("")}</tbody>`;
  };
  const moveTo = (load, ratio) => {
    if (!last?.advice.regime) return;
    Object.assign(spot, { load, ratio });
    const asked = last.advice.regime.separation ?? 2, [, separation, classes] = JSON.parse(spot.of);
    point(asked, separation, classes);
  };

  const bags = ({ advice, counts }, text) => {
    const B = Number(state.bags), tau = advice.target_prior ?? counts.map(() => 1 / counts.length);
    const [independent, disjoint] = bag_ratios(formulas, counts, tau, B);
    $("bags-shown").textContent = state.bags;
    const rows = [{ key: `bags.independent`, label: "drawn independently", value: independent, claim: "bagging", high: independent >= 1.5 }];
    if (disjoint !== null) rows.push({ key: `bags.disjoint`, label: "disjoint: no row in two bags", value: disjoint, claim: "disjoint-bags", high: disjoint >= 1.5 });
    const one = advice.variance_ratio.undersample;
    $("bag-prices").innerHTML = bars([...rows, { key: "variance_ratio.undersample", label: "one undersample", value: one, claim: "cv2", high: one >= 1.5 }]);
    $("bags-say").innerHTML = `${inline(blocks(text, "Bags")[0].content)}${why("bags-needed", "the number of bags")}`;
  };

  // Where first order does not decide, the answer asks for what mlbalance alone has.
  const isBeyond = (advice) => Boolean(advice.counts.length === 2 && advice.regime?.name && advice.regime.name !== "first-order" && advice.recommendation !== "no-difference");
  const library = (advice) => state.code || (isBeyond(advice) ? "mlbalance" : "scikit-learn");
  const code = ({ advice, counts, names }) => {
    let lines;
    const chosen = library(advice);
    $("code-note").textContent = isBeyond(advice) && chosen !== "mlbalance" ? "With so many features the answer asks for intercepts set on rows left out, which mlbalance has. This is the nearest without it: add a ridge." : "";
    try {
      lines = snippet(chosen, counts, advice.target_prior, advice.recommendation, names);
    } catch (error) {
      if (!(error instanceof py.Refusal)) throw error;
      lines = `# ${error.message}`;
    }
    $("snippet").innerHTML = lines.split("\n").map((line) => /^\s*#/.test(line) ? `<span class="comment">${escape(line)}</span>` : escape(line)).join("\n");
    for (const tab of $("libraries").children) {
      const isChosen = tab.dataset.code === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      if (isChosen) $("code").setAttribute("aria-labelledby", tab.id);
    }
    $("command").textContent = `${command({ advice, counts })} --code ${chosen}`;
  };
  const command = ({ advice, counts }) => {
    const shown = counts.length > 12 ? `${counts.slice(0, 12).join(" ")} ...` : counts.join(" ");
    const target = advice.target_prior ? ` --target-prior ${state.prior.trim()}` : advice.target === "natural" ? " --target natural" : "";
    const options = advice.regime ? ` --features ${advice.regime.features}${advice.gaussian ? ` --separation ${advice.gaussian.separation}` : ""}` : "";
    return `mlbalance advise ${shown}${target}${options}`;
  };

  // Controls.
  const set = (key, value) => { state[key] = value; update(); };
  for (const id of ["counts", "prior", "features", "separation", "next"]) $(id).addEventListener("input", (event) => set(id, event.target.value));
  for (const radio of document.querySelectorAll("[name=target]")) radio.addEventListener("change", () => set("target", radio.value));
  for (const button of document.querySelectorAll(".example")) button.addEventListener("click", () => { $("counts").value = button.dataset.counts; set("counts", button.dataset.counts); });
  $("bags").addEventListener("input", (event) => set("bags", String(bagsOf(Number(event.target.value)))));
  $("pair").addEventListener("change", update);
  for (const id of ["load", "ratio"]) $(id).addEventListener("input", () => moveTo(valueAt(Number($("load").value), diagram.LOAD), valueAt(Number($("ratio").value), diagram.RATIO)));
  for (const kind of ["pointermove", "pointerdown"]) $("diagram").addEventListener(kind, (event) => {
    const box = $("diagram").getBoundingClientRect();
    moveTo(...diagram.pointAt((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
  });
  const goBack = () => { if (spot.of) { const [own] = JSON.parse(spot.of); moveTo(own.load, own.ratio); } };
  $("diagram").addEventListener("pointerleave", goBack);
  $("back").addEventListener("click", goBack);
  $("ask").addEventListener("submit", (event) => event.preventDefault());
  $("libraries").innerHTML = Object.entries(SNIPPETS).map(([id, { title }]) => `<button type="button" role="tab" id="tab-${id}" aria-controls="code" data-code="${id}">${escape(title)}</button>`).join("");
  $("libraries").addEventListener("click", (event) => { if (event.target.dataset.code) set("code", event.target.dataset.code); });
  $("libraries").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = Object.keys(SNIPPETS), next = all[(all.indexOf(library(last.advice)) + step + all.length) % all.length];
    set("code", next);
    $(`tab-${next}`).focus();
  });
  $("copy").addEventListener("click", async () => {
    const lines = $("snippet").textContent;
    try {
      await navigator.clipboard.writeText(lines);
    } catch {
      const range = document.createRange();
      range.selectNodeContents($("snippet"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    $("copy").textContent = "Copied";
    setTimeout(() => { $("copy").textContent = "Copy code"; }, 1500);
  });
  const open = (label) => {
    $("claim-text").innerHTML = claims[label];
    if (!$("claim").open) $("claim").showModal();
    $("claim").scrollTop = 0;
  };
  document.addEventListener("click", (event) => {
    const label = event.target.closest?.("[data-claim]")?.dataset.claim;
    if (label) open(label);
    else if (event.target === $("claim")) $("claim").close();
  });
  $("claims").innerHTML = Object.keys(claims).map((label) => `<button type="button" data-claim="${label}">${label}</button>`).join(" ");
  $("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  $("version").textContent = version;
  addEventListener("hashchange", () => { fromFragment(); update(); });
  // On a narrow window the options are folded, so that the answer follows the counts.
  const narrow = matchMedia("(max-width: 61.99rem)");
  narrow.addEventListener("change", () => { $("options").open = !narrow.matches || Boolean(state.features); });
  $("options").open = !narrow.matches;
  fromFragment();
  if (state.target !== "balanced" || state.features) $("options").open = true;
  update();
})();
