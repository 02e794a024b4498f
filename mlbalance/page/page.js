// What is shown: from the translated modules, the formulas and the data that the build puts in.
(() => {
  const $ = (id) => document.getElementById(id);
  const { counts_of, prior_of } = modules["mlbalance.page.pasted"];
  const { answer, bag_ratios } = modules["mlbalance.page.answer"];
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
  const DEFAULTS = { counts: "23, 5, 44, 14, 19, 31", target: "balanced", prior: "", next: "10", bags: "10", code: "scikit-learn" };
  const state = { ...DEFAULTS };
  let last = null;

  const fromFragment = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    Object.assign(state, DEFAULTS);
    for (const key of Object.keys(DEFAULTS)) if (given.has(key)) state[key] = given.get(key);
    if (!SNIPPETS[state.code]) state.code = DEFAULTS.code;
    if (!["balanced", "natural", "own"].includes(state.target)) state.target = DEFAULTS.target;
    $("counts").value = state.counts;
    document.querySelector(`[name=target][value=${state.target}]`).checked = true;
    for (const key of ["prior", "next"]) $(key).value = state[key];
    const bags = Math.round(Number(state.bags));
    state.bags = String(bags >= 1 && bags <= MOST_BAGS ? bags : 10);
    $("bags").value = sliderOf(Number(state.bags));
  };
  const toFragment = () => {
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
    return { names, counts, prior, advice, nextFault: fault };
  };

  const update = () => {
    let fault = "";
    try {
      last = read();
    } catch (error) {
      if (!(error instanceof py.Refusal)) throw error;
      fault = error.message.replace(/; see mlbalance.*$/, "");
    }
    const about = state.target === "own" && /prior/i.test(fault) ? "prior" : "counts";
    for (const id of ["counts", "prior"]) $(id).setAttribute("aria-invalid", String(Boolean(fault) && id === about));
    $("fault").textContent = fault && (last ? `${fault} The answer is still that of the last counts.` : fault);
    $("prior").hidden = state.target !== "own";
    if (!fault) { toFragment(); show(last); }
  };

  const nameOf = ({ names }, k) => (names.length ? names[k] : `class ${k}`);

  const show = (given) => {
    const { advice } = given;
    const text = tell(advice);
    $("do").innerHTML = blocks(text, "Do").map(block).join("");
    $("tiles").innerHTML = tiles(given);
    $("why").innerHTML = blocks(text, "Why").map(block).join("");
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
      [number(`variance_share.${k}`, share, percent(share)), `of the variance comes from ${escape(nameOf(given, k))} (${modules["mlbalance.report.numbers"].count(advice.counts[k])})`, "budget"],
    ].map(([value, about, label]) => `<div><dt>${about}${why(label, about)}</dt><dd>${value}</dd></div>`).join("");
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

  const code = ({ advice, counts, names }) => {
    let lines;
    try {
      lines = snippet(state.code, counts, advice.target_prior, advice.recommendation, names);
    } catch (error) {
      if (!(error instanceof py.Refusal)) throw error;
      lines = `# ${error.message}`;
    }
    $("snippet").innerHTML = lines.split("\n").map((line) => /^\s*#/.test(line) ? `<span class="comment">${escape(line)}</span>` : escape(line)).join("\n");
    for (const tab of $("libraries").children) {
      const chosen = tab.dataset.code === state.code;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen) $("code").setAttribute("aria-labelledby", tab.id);
    }
    const shown = counts.length > 12 ? `${counts.slice(0, 12).join(" ")} ...` : counts.join(" ");
    const target = advice.target_prior ? ` --target-prior ${state.prior.trim()}` : advice.target === "natural" ? " --target natural" : "";
    $("command").textContent = `mlbalance advise ${shown}${target} --code ${state.code}`;
  };

  // Controls.
  const set = (key, value) => { state[key] = value; update(); };
  for (const id of ["counts", "prior", "next"]) $(id).addEventListener("input", (event) => set(id, event.target.value));
  for (const radio of document.querySelectorAll("[name=target]")) radio.addEventListener("change", () => set("target", radio.value));
  for (const button of document.querySelectorAll(".example")) button.addEventListener("click", () => { $("counts").value = button.dataset.counts; set("counts", button.dataset.counts); });
  $("bags").addEventListener("input", (event) => set("bags", String(bagsOf(Number(event.target.value)))));
  $("ask").addEventListener("submit", (event) => event.preventDefault());
  $("libraries").innerHTML = Object.entries(SNIPPETS).map(([id, { title }]) => `<button type="button" role="tab" id="tab-${id}" aria-controls="code" data-code="${id}">${escape(title)}</button>`).join("");
  $("libraries").addEventListener("click", (event) => { if (event.target.dataset.code) set("code", event.target.dataset.code); });
  $("libraries").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = Object.keys(SNIPPETS), next = all[(all.indexOf(state.code) + step + all.length) % all.length];
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
  fromFragment();
  update();
})();
