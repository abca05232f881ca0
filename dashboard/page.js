"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("data");
  const texts = read("texts");
  // Every text of the page: a key of texts.json with its {values}.
  function say(key, values = {}) {
    if (texts[key] === undefined) throw new Error(`texts.json has no ${key}`);
    return texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? (name === "currency" ? currency : ""));
  }
  const known = (key) => texts[key] !== undefined;
  const facts = {};
  for (const item of data.manifest || []) facts[item.item_kind + " " + item.item_name] = item;
  const fact = (name) => (facts[name] || {}).item_value;
  const currency = fact("build currency") || texts.extract_currency;
  const confidence = (data.confidence || [])[0] || {};
  const z = confidence.quantile;
  const ci = `${confidence.level} CI`;
  const significanceLevel = Number(fact("setting significance_level"));
  const smallCellSize = Number(fact("setting small_cell_size"));
  const minimumCellSize = Number(fact("setting minimum_cell_size"));

  const whole = (value) => Math.round(value).toLocaleString(texts.language);
  const percent = (share) => (100 * share).toFixed(1) + "%";
  const money = (value) => value == null ? say("unknown") : whole(value);
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const spaced = (text) => text.replace(/_/g, " ");
  const grouped = (text) => text.replace(/\d{5,}/g, (digits) => whole(Number(digits)));
  const people = (count) => count === 1 ? say("customers_one") : say("customers", { count: whole(count) });
  const points = (difference) => say("points", { value: (100 * difference).toFixed(1) });
  const some = (count) => count < 9.95 ? count.toFixed(1) : whole(count); // of an expected number
  const joined = (list) => list.length < 2 ? list.join("") : say("and", { first: list.slice(0, -1).join(", "), last: list[list.length - 1] });
  const qText = (q) => q < 0.001 ? say("q_small") : say("q", { value: q.toFixed(q < 0.1 ? 3 : 2) });
  const plain = (prefix, code) => code == null ? say("unknown") : known(prefix + code) ? say(prefix + code) : spaced(String(code));

  // The period of every churn rate: an outcome window, or none where churn is a flag on a snapshot.
  const total = [data.by_product_count, data.by_city, data.by_gender].find((rows) => rows && rows.every((row) => row.churned_count != null)) || data.by_product_count;
  const period = (data.portfolio || total || [])[0] || {};
  const isSnapshot = period.churn_basis === "snapshot";
  const isInactivity = fact("build churn_definition") === "inactivity";
  const risk = isSnapshot ? say("risk_customers") : say("risk_at_risk");
  const hasWindow = !isSnapshot && period.window_days != null;

  function element(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) node.setAttribute(key, "");
      else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...children.flat(Infinity).filter((child) => child != null && child !== ""));
    return node;
  }
  // The first word of the glossary in a note leads there; the address keeps the selection.
  const termId = (term) => "term_" + term.toLowerCase().replace(/\W+/g, "_");
  const linkedTerms = say("terms_linked").split("|");
  function linked(text) {
    const term = linkedTerms.map((word) => ({ word, at: text.toLowerCase().indexOf(word.toLowerCase()) })).filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at || b.word.length - a.word.length)[0];
    if (!term) return [text];
    const end = term.at + term.word.length;
    const link = element("a", { href: "#" + termId(term.word) }, text.slice(term.at, end));
    link.addEventListener("click", (event) => { event.preventDefault(); document.getElementById(termId(term.word)).scrollIntoView(); });
    return [text.slice(0, term.at), link, text.slice(end)];
  }
  const soft = (text) => text ? element("p", { class: "soft" }, linked(text)) : null;

  // Wilson's interval, the formula of macros/statistics/wilson.sql, for cities that are added up here.
  function wilsonLower(k, n) {
    return (k * k) / (n * (k + (z * z) / 2 + z * Math.sqrt((k * (n - k)) / n + (z * z) / 4)));
  }
  function pooled(label, rows) {
    const n = rows.reduce((sum, row) => sum + row.customers_count, 0);
    const isKnown = rows.every((row) => row.churned_count != null);
    const k = isKnown ? rows.reduce((sum, row) => sum + row.churned_count, 0) : null;
    return {
      label, customers_count: n, churned_count: k, churn_rate: isKnown ? k / n : null,
      churn_rate_ci_lower: isKnown ? wilsonLower(k, n) : null,
      churn_rate_ci_upper: isKnown ? 1 - wilsonLower(n - k, n) : null, is_small_cell: n < smallCellSize,
    };
  }
  const all = data.portfolio ? { ...data.portfolio[0], label: say("all") } : total && pooled(say("all"), total);
  const base = all && all.churn_rate;

  function scale(largest, isShare) {
    if (!(largest > 0)) return 1;
    if (isShare && largest > 0.8) return 1;
    const power = Math.pow(10, Math.floor(Math.log10(largest)));
    return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((bound) => bound >= largest * 0.9999);
  }
  // One scale for all rates of a section.
  const shareScale = (lists, floor = 0) => scale(Math.max(floor, ...lists.flat().map((row) => row.churn_rate_ci_upper || row.predicted || row.churn_rate || row.value_share || 0)), true);

  // The denominator of the rate: those with a known outcome where a row counts other customers beside them.
  function flagged(row) {
    const count = row.basis_count ?? row.customers_count;
    return { ...row, risk_count: count, has_basis: row.basis_count != null && row.basis_count !== row.customers_count, is_small_cell: row.is_small_cell ?? count < smallCellSize };
  }
  function said(row) {
    const values = { label: row.label, customers: people(row.customers_count), count: whole(row.risk_count), risk, small: smallCellSize };
    if (row.value_share !== undefined) return row.value_share == null ? say("said_share_unknown", values) : say("said_share", { ...values, share: percent(row.value_share) });
    if (row.predicted != null && row.churned_count == null) return say("said_predicted", { said: say("said_count", values), predicted: percent(row.predicted) });
    if (row.churn_rate == null) return row.risk_count === 0 ? say("said_none", { ...values, none: row.none || say("none_at_risk") }) : say("said_withheld", values);
    Object.assign(values, { churned: whole(row.churned_count), rate: percent(row.churn_rate), ci, lower: percent(row.churn_rate_ci_lower), upper: percent(row.churn_rate_ci_upper) });
    const text = say(row.has_basis ? (row.is_small_cell ? "said_others_weak" : "said_others") : row.is_small_cell ? "said_weak" : "said_rate", values);
    return row.predicted == null ? text : say("said_predicted", { said: text, predicted: percent(row.predicted) });
  }

  const tip = document.getElementById("tip");
  function showTip(node, text) {
    const box = node.getBoundingClientRect();
    tip.textContent = text;
    tip.hidden = false;
    tip.style.left = Math.max(8, Math.min(box.left + 40, innerWidth - 316)) + scrollX + "px";
    tip.style.top = box.bottom + scrollY + 4 + "px";
  }
  function withTip(node, text) {
    node.addEventListener("mouseenter", () => showTip(node, text));
    node.addEventListener("mouseleave", () => { tip.hidden = true; });
    return node;
  }

  function track(kind, bars, valueText, valueAt, extra = []) {
    const value = element("span", { class: "value", style: `left:${100 * valueAt}%` }, element("span", {}, valueText));
    return element("span", { class: "track " + kind }, bars, extra, value);
  }
  const bar = (share, kind = "") => share == null ? null : element("span", { class: "bar " + kind, style: `width:${100 * share}%` });

  function axis(bound, isShare, title) {
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => element("span", { style: `left:${100 * at}%` },
      isShare ? String(Number((100 * bound * at).toFixed(1))) : bound * at >= 1000 ? Number((bound * at / 1000).toFixed(2)) + "k" : String(Number((bound * at).toFixed(1)))));
    return element("span", { class: "ticks", "aria-hidden": "true" }, ticks, element("span", { class: "title" }, title));
  }

  // A table whose columns are [heading, value of a row, whether it is a number].
  function table(caption, columns, rows) {
    return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption }, element("table", {}, element("caption", { class: "unseen" }, caption),
      element("thead", {}, element("tr", {}, columns.map(([head, , isNumber]) => element("th", { scope: "col", class: isNumber ? "number" : null }, head)))),
      // on a narrow screen a row is a list of its cells, each behind its head
      element("tbody", {}, rows.map((row) => element("tr", {}, columns.map(([head, value, isNumber], at) => element(at ? "td" : "th", { scope: at ? null : "row", class: isNumber ? "number" : null, "data-head": head }, element("span", {}, value(row)))))))));
  }
  const folded = (summary, ...children) => element("details", {}, element("summary", {}, summary), children);
  const rateText = (row) => row.churn_rate == null ? (row.risk_count === 0 ? row.none || say("none_at_risk") : say("withheld")) : percent(row.churn_rate);

  // Bars of all customers of each group and, beside them, the churn rate with its interval as whiskers. What a rate rests on
  // stands in small print where that is not the customers of the bar.
  function chart(given, { bound, share = "churn_rate", shareHead = say("head_rate", { ci }), first = "", countHead = null, withBase = true, basis = "basis", basisHead = say("column_basis"), none = null, note = null, more = [] } = {}) {
    const rows = given.map(flagged).map((row) => ({ ...row, none }));
    const hasShare = rows.some((row) => row[share] != null);
    const countBound = scale(Math.max(...rows.map((row) => row.customers_count)), false);
    const isRate = share === "churn_rate" && withBase && base != null;
    const head = countHead || (share !== "churn_rate" || isSnapshot ? say("head_customers") : say("head_at_risk"));
    const root = element("div", { class: "chart" + (hasShare ? "" : " one") });
    const list = element("div", { role: "list" });
    root.append(element("div", { class: "heads", "aria-hidden": "true" }, element("span", {}, first), element("span", {}, head),
      hasShare ? element("span", {}, isRate ? say("head_base", { head: shareHead, base: percent(base) }) : shareHead) : null));
    for (const row of rows) {
      const rate = row[share];
      const extra = [];
      if (isRate && rate != null) extra.push(element("span", { class: "base", style: `left:${100 * base / bound}%` }));
      if (rate != null && row.churn_rate_ci_lower != null) {
        extra.push(element("span", { class: "whisker", style: `left:${100 * row.churn_rate_ci_lower / bound}%;width:${100 * (row.churn_rate_ci_upper - row.churn_rate_ci_lower) / bound}%` }));
        extra.push(element("span", { class: "point", style: `left:${100 * rate / bound}%` }));
      }
      if (row.predicted != null && row.churned_count != null) extra.push(element("span", { class: "predicted", style: `left:${100 * row.predicted / bound}%` }, "◆"));
      const text = said(row);
      const shown = rate == null ? (row.risk_count === 0 && row.churned_count !== undefined ? row.none || say("none_at_risk") : say("withheld")) : row.is_small_cell && share === "churn_rate" ? say("weak", { value: percent(rate) }) : percent(rate);
      const label = element("span", { class: "label" }, row.label, rate != null && row.has_basis && row.churned_count != null ? element("small", {}, say(basis, { churned: whole(row.churned_count), count: whole(row.risk_count) })) : null, note && note(row) ? element("small", {}, note(row)) : null);
      list.append(withTip(element("div", { class: "row" + (row.is_small_cell && hasShare ? " small" : "") + (row.is_apart ? " apart" : ""), role: "listitem", "aria-label": text }, label,
        track("count", bar(row.customers_count / countBound), whole(row.customers_count), row.customers_count / countBound),
        hasShare ? track("rate", bar(rate == null ? null : rate / bound), shown, rate == null ? 0 : (row.churn_rate_ci_upper ?? rate) / bound, extra) : null), text));
    }
    const isOutcome = rows.some((row) => row.churned_count != null);
    const columns = [[first || say("column_group"), (row) => row.label], [say("column_customers"), (row) => whole(row.customers_count), true]];
    if (isOutcome && rows.some((row) => row.has_basis)) columns.push([basisHead, (row) => whole(row.risk_count), true]);
    if (isOutcome) columns.push([say("column_churned"), (row) => row.churned_count == null ? "" : whole(row.churned_count), true], [say("column_rate"), rateText, true],
      [say("column_interval", { ci }), (row) => row.churn_rate_ci_lower == null ? "" : say("range", { lower: percent(row.churn_rate_ci_lower), upper: percent(row.churn_rate_ci_upper) }), true]);
    if (rows.some((row) => row.predicted != null)) columns.push([say("column_predicted"), (row) => percent(row.predicted), true]);
    if (share === "value_share") columns.push([say("column_share"), (row) => row.value_share == null ? say("unknown") : percent(row.value_share), true]);
    columns.push(...more);
    root.append(list, element("div", { class: "axis" }, element("span"), axis(countBound, false, head), hasShare ? axis(bound, true, share === "churn_rate" ? say("axis_rate") : shareHead) : null),
      folded(say("table"), table(say("table_caption", { head: first || say("column_group") }), columns, rows)));
    return root;
  }

  // Two bars for each interval: its share of the churned and of the retained customers.
  function pairs(rows, bound, first) {
    const list = element("div", { role: "list" });
    for (const row of rows) {
      const isTold = row.churned_share != null;
      const values = { label: row.label, count: whole(row.customers_count), risk };
      const text = isTold ? say("said_pair", { ...values, churned: percent(row.churned_share), retained: percent(row.retained_share), k: whole(row.churned_count) }) : say("said_pair_withheld", values);
      const largest = Math.max(row.churned_share || 0, row.retained_share || 0);
      list.append(withTip(element("div", { class: "row" + (row.is_apart ? " apart" : ""), role: "listitem", "aria-label": text }, element("span", { class: "label" }, row.label),
        track("two", isTold ? [bar(row.churned_share / bound, "churned"), bar(row.retained_share / bound, "retained")] : null,
          isTold ? `${percent(row.churned_share)} / ${percent(row.retained_share)}` : say("withheld"), largest / bound)), text));
    }
    const share = (value) => value == null ? say("withheld") : percent(value);
    const legend = ["churned", "retained"].map((kind) => element("span", { class: "key " + kind }, say("legend_" + kind)));
    return element("div", { class: "chart one pairs" }, element("div", { class: "heads", "aria-hidden": "true" }, element("span", {}, first), element("span", {}, say("head_distribution"), " ", legend)), list,
      element("div", { class: "axis" }, element("span"), axis(bound, true, say("head_distribution"))),
      folded(say("table"), table(say("table_caption", { head: first }), [[first, (row) => row.label], [say("column_customers"), (row) => whole(row.customers_count), true],
        [say("column_churned"), (row) => row.churned_count == null ? "" : whole(row.churned_count), true],
        [say("column_churned_share"), (row) => share(row.churned_share), true], [say("column_retained_share"), (row) => share(row.retained_share), true]], rows)));
  }

  // Lines over months, each with a name, points of x and y and, where it has one, a band. Labels are text outside of the drawing, so
  // that they keep their size.
  function lines(series, { bound, from = 0, unit, xLabels, xTitle, name, columns, rows }) {
    const xs = series.flatMap((one) => one.points.map((point) => point.x));
    const [first, last] = [Math.min(...xs), Math.max(...xs)];
    const place = (point, value) => `${(100 * (point.x - first) / Math.max(1, last - first)).toFixed(2)},${(100 - 100 * (value - from) / (bound - from)).toFixed(2)}`;
    const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [key, value] of Object.entries({ viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img", "aria-label": name })) drawing.setAttribute(key, value);
    const draw = (tag, attributes) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      drawing.append(node);
    };
    series.forEach((one, number) => {
      const banded = one.points.filter((point) => point.lower != null);
      if (banded.length > 1) draw("polygon", { class: "band", points: [...banded.map((point) => place(point, point.upper)), ...[...banded].reverse().map((point) => place(point, point.lower))].join(" ") });
      draw("polyline", { class: "line line" + number, points: one.points.map((point) => place(point, point.y)).join(" ") });
    });
    const steps = [0, 0.25, 0.5, 0.75, 1];
    return element("div", { class: "lines" }, element("p", { class: "soft" }, unit, series.length > 1 ? [" ", series.map((one, number) => element("span", { class: "named" }, sample(number), one.name))] : null),
      element("div", { class: "plot" }, steps.map((at) => element("span", { class: "y", "aria-hidden": "true", style: `bottom:${100 * at}%` }, String(Number((100 * (from + (bound - from) * at)).toFixed(2))))), drawing,
        xLabels.map(([x, label]) => element("span", { class: "x", "aria-hidden": "true", style: `left:${100 * (x - first) / Math.max(1, last - first)}%` }, label)), element("span", { class: "x title", "aria-hidden": "true", style: "left:50%" }, xTitle)),
      folded(say("table"), table(name, columns, rows)));
  }
  // a piece of the line itself
  function sample(number) {
    const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [key, value] of Object.entries({ viewBox: "0 0 36 4", width: 36, height: 4, "aria-hidden": "true" })) drawing.setAttribute(key, value);
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("class", "line line" + number);
    line.setAttribute("points", "0,2 36,2");
    drawing.append(line);
    return drawing;
  }

  const main = document.getElementById("main");
  const nav = element("ul");
  // A section is announced when it has something to show.
  function section(id, children, title = say(id)) {
    const found = children.flat(2).filter((child) => child != null && child !== "");
    if (!found.some((child) => !child.matches("p.soft"))) return;
    nav.append(element("li", {}, element("a", { href: "#" + id }, say("nav_" + id))));
    main.append(element("section", { id, "aria-labelledby": id + "-title" }, element("h2", { id: id + "-title" }, title), found));
  }
  function groups(rows, key) {
    const found = new Map();
    for (const row of rows) found.set(row[key], [...(found.get(row[key]) || []), row]);
    return found;
  }
  // Unknown values stand last, whatever the order of the others.
  const unknownLast = (rows) => [...rows.filter((row) => !isUnknown(row)), ...rows.filter(isUnknown)];
  const isUnknown = (row) => row.label == null || row.label === "unknown" || row.label === "outside bands" || row.label === say("product_number_unknown");
  const bySize = (rows) => unknownLast([...rows].sort((a, b) => b.customers_count - a.customers_count || (a.label < b.label ? -1 : 1)));

  // --- verdicts: one for each feature, wherever it is named
  const mainSet = fact("setting age_band_set");
  const cutOf = { age: "age_band", age_band: "age_band", credit_score: "credit_score_band" };
  const hypothesisOf = { estimated_salary: "income", tenure_years: "tenure", property_count: "properties", credit_score: "score" };
  const cutQ = (name) => ((data.cut_tests || []).find((row) => row.cut_name === name) || {}).q_value;
  function verdictOf(feature) {
    const cut = (data.cut_tests || []).find((row) => row.cut_name === (cutOf[feature] || feature));
    if (cut && cut.q_value != null) return { verdict: cut.q_value < significanceLevel ? "different" : "alike", evidence: say("evidence_cut", { q: qText(cut.q_value) }), q: cut.q_value };
    const tested = (data.intervals || []).find((row) => row.feature_name === feature && row.feature_q_value != null);
    if (tested) return { verdict: tested.feature_q_value < significanceLevel ? "different" : "alike", evidence: say("evidence_feature", { q: qText(tested.feature_q_value) }), q: tested.feature_q_value };
    const word = hypothesisOf[feature] || feature;
    const told = (data.hypotheses || []).find((row) => [`${word}_by_churn`, `churn_by_${word}`].includes(row.hypothesis_code) && row.hypothesis_verdict);
    if (told) return { verdict: ["different", "mixed"].includes(told.hypothesis_verdict) ? "different" : "alike", evidence: say("evidence_hypothesis") };
    return { verdict: "untested", evidence: say("evidence_none") };
  }

  // --- the state of the filters, which the address keeps
  const byCity = groups(data.by_city_and || [], "cut_name");
  const cities = [...new Set((data.by_city_and || []).map((row) => row.city).filter((city) => city != null))].sort();
  // the scheme with most plans worth doing is shown first
  const worth = (scheme) => (data.economics || []).filter((row) => row.segment_scheme === scheme && row.decision_code === "do").length;
  const plansMade = (data.strategies || []).filter((row) => row.segment_scheme !== "data_quality");
  const schemes = [...new Set(plansMade.map((row) => row.segment_scheme))].sort((a, b) => worth(b) - worth(a) || (b === "rule") - (a === "rule") || a.localeCompare(b));
  const [, ...asked] = location.hash.replace(/^#/, "&").split("&");
  const wanted = new URLSearchParams(asked.filter((part) => part.includes("=")).join("&"));
  const wantedCities = wanted.getAll("city").filter((city) => cities.includes(city));
  const boxes = cities.map((city) => element("input", { type: "checkbox", name: "city", value: city, checked: !wantedCities.length || wantedCities.includes(city) }));
  const isChosen = (city) => boxes.some((box) => box.checked && box.value === city);
  const isEveryCity = () => boxes.every((box) => box.checked);
  const option = (value, label) => element("option", { value }, label);
  const schemeSelect = element("select", { id: "scheme" }, schemes.map((scheme) => option(scheme, plain("scheme_", scheme))));
  const segmentSelect = element("select", { id: "segment" });
  if (schemes.includes(wanted.get("scheme"))) schemeSelect.value = wanted.get("scheme");
  function listSegments(chosen) {
    const found = new Map(plansMade.filter((row) => row.segment_scheme === schemeSelect.value).map((row) => [row.segment_code, row.segment_name]));
    segmentSelect.replaceChildren(option("", say("filter_all_segments")), ...[...found].map(([code, name]) => option(code, grouped(capital(name || code)))));
    segmentSelect.value = found.has(chosen) ? chosen : "";
  }
  listSegments(wanted.get("segment"));
  const isShownSegment = (row) => row.segment_scheme === schemeSelect.value && (!segmentSelect.value || row.segment_code === segmentSelect.value);
  let place = asked.find((part) => part && !part.includes("=")) || "";
  function keepState() {
    const state = new URLSearchParams();
    if (boxes.length > 1 && !isEveryCity()) boxes.filter((box) => box.checked).forEach((box) => state.append("city", box.value));
    if (schemes.length && schemeSelect.value !== schemes[0]) state.set("scheme", schemeSelect.value);
    if (segmentSelect.value) { state.set("scheme", schemeSelect.value); state.set("segment", segmentSelect.value); }
    history.replaceState(null, "", "#" + [place, state.toString()].filter(Boolean).join("&"));
  }
  const redraw = [];
  const drawAll = () => { redraw.forEach((draw) => draw()); keepState(); };
  const ofCities = (cut) => [...groups((byCity.get("city x " + cut) || []).filter((row) => isChosen(row.city)), "label")]
    .map(([label, found]) => found.length === 1 ? { ...found[0], label } : pooled(label, found));

  // --- header
  const asOf = fact("build as_of_date");
  // one file may be read as two entities
  const inputs = [...new Map((data.manifest || []).filter((item) => item.item_kind === "input").map((item) => [item.item_value, item])).values()];
  const definition = fact("build churn_definition");
  document.title = say("title");
  document.documentElement.lang = texts.language;
  document.querySelector(".skip").textContent = say("skip");
  document.getElementById("nav").setAttribute("aria-label", say("sections"));
  document.getElementById("header").append(element("h1", {}, say("title")),
    element("p", {}, inputs.length ? say("data_with_inputs", { source: fact("build source_system"), inputs: inputs.map((item) => say("input", { file: item.item_value, count: whole(item.row_count) })).join("; ") }) : say("data", { source: fact("build source_system") })),
    soft(`${asOf ? say("as_of", { day: asOf }) : say("no_dates")} ${say("build", { build: (data.manifest || [{}])[0].build_id, revision: (fact("build git_revision") || say("unknown")).slice(0, 10) })}`));

  // --- filters: cities stand where their charts are, segments where their plans are
  const filters = element("div", { id: "filters", role: "search", "aria-label": say("filter_cities") });
  if (cities.length > 1 && data.by_product_count) {
    const everyone = element("button", { type: "button" }, say("filter_all_cities"));
    everyone.addEventListener("click", () => { boxes.forEach((box) => { box.checked = true; }); drawAll(); });
    boxes.forEach((box) => box.addEventListener("change", drawAll));
    filters.append(element("fieldset", {}, element("legend", {}, say("filter_cities")), boxes.map((box) => element("label", {}, box, box.value)), everyone), soft(say("filter_link")));
  }
  schemeSelect.addEventListener("change", () => { listSegments(""); drawAll(); });
  segmentSelect.addEventListener("change", drawAll);
  const segmentFilters = element("div", { id: "segment-filters", role: "search", "aria-label": say("filter_scheme") },
    element("p", {}, element("span", {}, element("label", { for: "scheme" }, say("filter_scheme")), " ", schemeSelect), element("span", {}, element("label", { for: "segment" }, say("filter_segment")), " ", segmentSelect)), soft(say("filter_link")));
  // what the filter of segments has chosen
  const chosenSet = () => segmentSelect.value ? say("chosen_segment", { scheme: plain("scheme_", schemeSelect.value), segment: segmentSelect.selectedOptions[0].textContent }) : plain("scheme_", schemeSelect.value);

  // --- summary
  const deciles = data.deciles || [];
  const observedDeciles = deciles.filter((row) => row.churn_rate != null && row.churn_basis !== "current");
  const currentDeciles = deciles.filter((row) => row.churn_basis === "current" && row.average_probability != null);
  const expectedOf = (rows) => rows.reduce((sum, row) => sum + row.customers_count * row.average_probability, 0);
  const features = [...new Set([...(data.cut_tests || []).map((row) => row.cut_name).filter((name) => !name.includes("(") && !["age_band", "credit_score_band"].includes(name)), ...(data.cut_tests ? ["age", "credit_score"].filter((name) => cutQ(cutOf[name]) != null) : []), ...(data.intervals || []).map((row) => row.feature_name)])];
  const isCircular = (name) => isInactivity && (data.intervals || []).some((row) => row.feature_name === name && row.counts_silence);
  const featureName = (name) => known("by_" + name) ? say("by_" + name) : ([...(data.intervals || []), ...(data.distributions || [])].find((row) => row.feature_name === name && row.feature_label) || { feature_label: spaced(name).replace(/^(is|has) /, "") }).feature_label;
  // The groups of a feature with a rate: those of its cut or its intervals, whichever withholds less.
  function groupsOf(name) {
    const cut = (data.cuts || []).filter((row) => row.cut_name === (cutOf[name] || name)).map((row) => ({ ...row, label: groupLabel(name, row.label) }));
    const intervals = shortened((data.intervals || []).filter((row) => row.feature_name === name)).map((row) => ({ ...row, customers_count: row.basis_count, is_small_cell: row.basis_count < smallCellSize }));
    const told = (found) => found.filter((row) => row.churn_rate != null);
    const counted = (found) => found.reduce((sum, row) => sum + row.customers_count, 0);
    const coverage = (found) => counted(told(found)) / (counted(found) || 1);
    return told(coverage(cut) >= coverage(intervals) ? cut : intervals);
  }
  function shortened(found) {
    const words = found.map((row) => row.label.split(" "));
    let shared = 0;
    while (found.length > 1 && words.every((list) => list.length > shared + 1 && list[shared] === words[0][shared])) shared += 1;
    return found.map((row, at) => ({ ...row, label: grouped(words[at].slice(shared).join(" ")) }));
  }
  const groupLabel = (name, label) => name === "product_count" ? productLabel(label) : name === "is_active" ? plain("active_", label) : ["yes", "no"].includes(label) ? say(label) : spaced(String(label));
  const short = (label) => label.replace(/, not 0$/, "");
  function extremes(found) {
    const told = found.filter((row) => !isUnknown(row) && row.churn_rate != null);
    const large = told.filter((row) => !row.is_small_cell);
    const ordered = [...(large.length > 1 ? large : told)].sort((a, b) => a.churn_rate - b.churn_rate);
    return ordered.length > 1 ? { low: short(ordered[0].label), lowRate: percent(ordered[0].churn_rate), high: short(ordered[ordered.length - 1].label), highRate: percent(ordered[ordered.length - 1].churn_rate) } : null;
  }
  // How far the rate of a customer's group is from the rate of all, on average over customers: one scale for every feature.
  function averageDifference(found) {
    const count = found.reduce((sum, row) => sum + row.customers_count, 0);
    const mean = found.reduce((sum, row) => sum + row.customers_count * row.churn_rate, 0) / count;
    return found.length > 1 ? found.reduce((sum, row) => sum + row.customers_count * Math.abs(row.churn_rate - mean), 0) / count : null;
  }
  const productLabel = (count) => count == null || count === "unknown" ? say("product_number_unknown") : Number(count) === 1 ? say("product_number_one") : say("product_number", { count });
  const verdicts = features.filter((name) => !isCircular(name)).map((name) => ({ name, label: featureName(name), difference: averageDifference(groupsOf(name)), range: extremes(groupsOf(name)), ...verdictOf(name) }))
    .sort((a, b) => (b.verdict === "different") - (a.verdict === "different") || (b.difference ?? -1) - (a.difference ?? -1) || a.name.localeCompare(b.name));
  const ofVerdict = (verdict) => verdicts.filter((row) => row.verdict === verdict).map((row) => row.label);
  const raw = (data.reconciliation || []).reduce((sum, row) => ({ raw: sum.raw + row.raw_count, quarantined: sum.quarantined + row.quarantined_count, isWhole: sum.isWhole && row.is_reconciled }), { raw: 0, quarantined: 0, isWhole: true });
  const activeTiers = (data.clv_tiers || []).filter((row) => row.is_active && row.tier_number > 0);
  const economics = data.economics || [];
  const figure = (label, value, small) => element("div", { class: "figure" }, label, element("b", {}, value), small ? element("span", { class: "soft" }, small) : null);
  // --- plans: a strategy in a segment, what it is expected to cost and to gain
  const keyOf = (row) => [row.segment_scheme, row.segment_code, row.strategy_code].join("|");
  const priced = new Map(economics.map((row) => [keyOf(row), row]));
  const plans = plansMade.map((row) => {
    const money = priced.get(keyOf(row)) || {};
    return { ...row, chosen_count: money.chosen_count, evidence_level: money.evidence_level ?? row.evidence_level };
  });
  const bestPlans = plans.filter((row) => row.decision_code === "do").sort((a, b) => (b.expected_net_amount ?? -Infinity) - (a.expected_net_amount ?? -Infinity));
  const planName = (row) => say("plan", { strategy: row.strategy_name, segment: grouped(capital(row.segment_name || row.segment_code)) });
  const moneyRange = (lower, upper) => lower == null ? "" : say("range", { lower: money(lower), upper: money(upper) });
  const saveRates = (row) => row.pessimistic_save_rate == null ? say("unknown") : say("range", { lower: percent(row.pessimistic_save_rate), upper: percent(row.optimistic_save_rate) });

  // --- doubts
  const valueModels = [...groups(data.clv_models || [], "name").values()].map((found) => ({ ...found[0], ...Object.fromEntries(found.map((row) => [row.metric_name, row.metric_value])) })).sort((a, b) => b.is_served - a.is_served || a.mae - b.mae);
  const valueModel = valueModels.find((row) => row.is_served) || {};
  const biasText = (bias) => say(bias < 0 ? "bias_low" : "bias_high", { share: percent(Math.abs(bias)) });
  // without an earlier day there is nothing to compare
  const drift = (data.drift || []).filter((row) => row.then_on != null);
  const fairness = (data.fairness || []).filter((row) => row.verdict);
  const groupName = (row) => row.group_name === "gender" ? say("group_gender", { gender: spaced(row.group_value) }) : spaced(`${plain("by_", row.group_name)} ${row.group_value}`);
  function doubts() {
    const found = [];
    const blank = (data.blanks || []).filter((row) => row.entity_name === "customers" && row.blank_share >= 0.05);
    if (blank.length) found.push(say("doubt_blank", { columns: joined(blank.map((row) => say("blank_share", { column: spaced(row.column_name), share: percent(row.blank_share) }))) }));
    const large = drift.filter((row) => row.verdict === "large");
    if (large.length) found.push(say("doubt_drift", { features: joined(large.map((row) => row.feature_label)), day: large[0].then_on }));
    for (const verdict of ["under_served", "over_served"]) {
      const wrong = [...new Set(fairness.filter((row) => row.decision_name === "score" && row.verdict === verdict).map(groupName))];
      if (wrong.length) found.push(say("doubt_" + verdict, { groups: joined(wrong) }));
    }
    if (Math.abs(valueModel.total_bias || 0) >= 0.05) found.push(say("doubt_value", { bias: biasText(valueModel.total_bias) }));
    const assumed = bestPlans.filter((row) => row.evidence_level === "assumed");
    if (assumed.length) found.push(say("doubt_assumed", { count: assumed.length, all: bestPlans.length }));
    return found;
  }

  const trend = (data.trend || [])[0];
  const expectation = (data.expected || [])[0];
  const valueAtRisk = activeTiers.length && activeTiers.every((row) => row.total_value_at_risk_amount != null) ? activeTiers.reduce((sum, row) => sum + row.total_value_at_risk_amount, 0) : null;
  const valueTotal = activeTiers.some((row) => row.total_clv_amount != null) ? activeTiers.reduce((sum, row) => sum + row.total_clv_amount, 0) : null;
  const expectedText = () => expectation.lower == null ? some(expectation.expected) : say("expected_range", { expected: some(expectation.expected), lower: some(expectation.lower), upper: some(expectation.upper) });
  const trendText = () => say("trend_" + trend.verdict, { from: trend.from_month, to: trend.to_month, before: percentFine(trend.before), after: percentFine(trend.after), change: (100 * trend.change).toFixed(2), ci, lower: (100 * trend.lower).toFixed(2), upper: (100 * trend.upper).toFixed(2) });
  const percentFine = (share) => (100 * share).toFixed(2) + "%";
  const minimum = (row) => row.churned >= minimumCellSize;
  function findings() {
    const found = [];
    const newcomers = (data.joined_and_churned || [])[0];
    if (newcomers && minimum(newcomers) && newcomers.joined) found.push(say("finding_joined", { joined: whole(newcomers.joined), churned: whole(newcomers.churned) }));
    if (trend) found.push(trendText());
    if (ofVerdict("different").length) found.push(say("finding_differs", { features: joined(ofVerdict("different")) }));
    const strongest = verdicts.filter((row) => row.verdict === "different" && row.range).slice(0, 3);
    if (strongest.length) found.push(say("finding_strongest", { features: strongest.map((row) => say("feature_range", { feature: row.label, ...row.range })).join("; ") }));
    if (ofVerdict("alike").length) found.push(say("finding_alike", { features: joined(ofVerdict("alike")) }));
    if (data.segments) {
      const top = [...data.segments].filter((row) => row.churn_rate != null && row.lift != null).sort((a, b) => b.churn_rate - a.churn_rate)[0];
      const highest = top ? say("finding_segment_top", { segment: grouped(capital(top.label)), rate: percent(top.churn_rate), times: top.lift.toFixed(1), rest: percent(top.rest_rate) }) : "";
      found.push(data.segments.length === 1 ? say("finding_segments_one", { highest }) : say("finding_segments", { count: data.segments.length, highest }));
    }
    if (expectation && currentDeciles.length) {
      const top = currentDeciles.filter((row) => row.churn_decile === 10);
      found.push(say("finding_next", { expected: expectedText(), count: whole(expectation.count), days: whole(currentDeciles[0].window_days), share: percent(expectedOf(top) / expectedOf(currentDeciles)) }));
    }
    const high = activeTiers.find((row) => row.label === "high");
    if (high && high.value_share != null) found.push(say("finding_value", { count: whole(high.customers_count), share: percent(high.value_share) }));
    if (valueAtRisk != null && valueTotal > 0) found.push(say("finding_at_risk", { amount: money(valueAtRisk), total: money(valueTotal), share: percent(valueAtRisk / valueTotal) }));
    const decided = (code) => plans.filter((row) => row.decision_code === code).length;
    if (plans.length) found.push([say(bestPlans.length ? "finding_plans" : "finding_plans_none", { count: whole(plans.length), do: bestPlans.length, test: decided("test"), hold: decided("hold"), other: plans.length - bestPlans.length - decided("test") - decided("hold") }),
      bestPlans.length ? element("ul", {}, bestPlans.slice(0, 3).map((row) => element("li", {}, say("finding_plan", { plan: planName(row), cost: money(row.total_cost_amount), net: money(row.expected_net_amount), range: moneyRange(row.least_net_amount, row.most_net_amount) }))),
        bestPlans.length > 3 ? element("li", {}, say("finding_plans_more", { count: bestPlans.length - 3 })) : null) : null]);
    if (data.reconciliation && raw.isWhole) found.push(say("finding_rows", { count: whole(raw.raw), quarantined: whole(raw.quarantined) }));
    if (doubts().length) found.push(say("finding_doubts", { doubts: doubts().join("; ") }));
    return found;
  }
  section("summary", [
    known("definition_" + definition) ? element("p", {}, say("definition_" + definition, { days: fact("setting churn_inactivity_days") })) : null,
    isSnapshot ? element("p", { class: "period" }, say("period_snapshot")) : all && hasWindow ? element("p", { class: "period" }, say("period_window", { count: whole(all.customers_count), day: period.observed_on, days: whole(period.window_days) })) : null,
    all && hasWindow ? soft(say("at_risk_note")) : null,
    all ? element("div", { class: "figures" }, figure(isSnapshot ? say("figure_customers") : say("figure_at_risk"), whole(all.customers_count)),
      all.churned_count == null ? null : figure(hasWindow ? say("figure_churned_within", { days: whole(period.window_days) }) : say("figure_churned"), whole(all.churned_count)),
      base == null ? null : figure(say("figure_rate"), percent(base), say("interval", { ci, lower: percent(all.churn_rate_ci_lower), upper: percent(all.churn_rate_ci_upper) })),
      currentDeciles.length ? figure(say("figure_current"), whole(currentDeciles.reduce((sum, row) => sum + row.customers_count, 0)), expectation ? say("figure_expected", { expected: expectedText() }) : null) : null,
      valueTotal != null ? figure(say("figure_value"), money(valueTotal), valueModel.total_bias == null ? currency : say("figure_value_error", { bias: biasText(valueModel.total_bias), mae: valueModel.mae == null ? say("unknown") : money(valueModel.mae) })) : null,
      valueAtRisk != null ? figure(say("figure_value_at_risk"), money(valueAtRisk), say("figure_at_risk_note", { days: whole(Number(fact("setting planning_days"))) })) : null) : null,
    findings().length ? element("ul", {}, findings().map((text) => element("li", {}, text))) : null,
    data.changes ? [element("h3", {}, say("changes_title")), element("ul", { id: "changes" }, data.changes.map((row) => element("li", {}, grouped(row.sentence))))] : null,
  ]);

  // --- who churns
  const number = (label) => Number.isNaN(parseFloat(label)) ? Infinity : parseFloat(label);
  // ordered cuts keep their order, the others are ordered by size
  const cuts = [
    { cut: "product_count", rows: (data.by_product_count || []).map((row) => ({ ...row, label: productLabel(row.product_count) })), label: productLabel, order: (found) => unknownLast([...found].sort((a, b) => number(a.label) - number(b.label))) },
    { cut: "age_band", rows: unknownLast((data.by_age || []).filter((row) => row.age_band_set === mainSet)), label: (text) => text, order: null },
    { cut: "gender", rows: bySize(data.by_gender || []), label: (text) => text, order: bySize },
    { cut: "is_active", rows: bySize((data.by_active || []).map((row) => ({ ...row, label: plain("active_", row.label) }))), label: (text) => plain("active_", text), order: bySize },
    { cut: "city", rows: bySize(data.by_city || []), label: (text) => text, order: bySize },
    { cut: "product_code", rows: bySize(data.by_product || []), label: (text) => text, order: bySize },
  ].filter((one) => one.rows.length).map((one) => ({ ...one, rows: one.rows.map((row) => ({ ...row, label: spaced(String(row.label)) })), heading: element("h3", one.cut === "product_count" ? { "aria-live": "polite" } : {}), place: element("div", { id: one.cut.replace(/_code$/, "").replace("product_count", "products").replace("age_band", "age") + "-chart" }) }));
  function cutTitle(one) {
    const subject = say("by_" + one.cut);
    if (one.cut === "product_code") {
      const tested = one.rows.filter((row) => row.q_value != null);
      if (!tested.length) return say("cut_untested", { subject });
      const found = tested.filter((row) => row.q_value < significanceLevel);
      const q = qText(Math.min(...tested.map((row) => row.q_value)));
      const ofDirection = (isMore) => joined(found.filter((row) => row.lift > 1 === isMore).map((row) => row.churn_rate == null ? row.label : say("with_rate", { label: row.label, rate: percent(row.churn_rate) })));
      const clauses = [["product_more", ofDirection(true)], ["product_less", ofDirection(false)]].filter(([, products]) => products).map(([key, products]) => say(key, { products }));
      return found.length ? clauses.join("; ") : say("product_alike", { q });
    }
    const { verdict, evidence, ...tested } = verdictOf(one.cut === "age_band" ? "age" : one.cut);
    if (verdict === "untested") return say("cut_untested", { subject });
    const q = tested.q == null ? evidence : qText(tested.q);
    const told = one.rows.filter((row) => !isUnknown(row) && row.churn_rate != null);
    if (verdict === "different" && told.length === 2 && one.rows.filter((row) => !isUnknown(row)).length === 2) return say("cut_two", { subject, first: told[0].label, rate: percent(told[0].churn_rate), second: told[1].label, other: percent(told[1].churn_rate) });
    const range = extremes(one.rows);
    return verdict === "different" ? (range ? say("cut_differs", { subject, ...range }) : say("cut_differs_only", { subject })) : say("cut_alike", { plural: say("plural_" + one.cut), q });
  }
  const otherSets = [...groups((data.by_age || []).filter((row) => row.age_band_set !== mainSet), "age_band_set")];
  const otherPlace = element("div");
  const selection = element("p", { class: "period", "aria-live": "polite" });
  redraw.push(() => {
    const chosen = cities.filter(isChosen);
    const isAll = isEveryCity();
    const shown = cuts.map((one) => {
      if (isAll || !byCity.has("city x " + one.cut)) return one.rows;
      const found = ofCities(one.cut).map((row) => ({ ...row, label: spaced(one.label(row.label)) }));
      return one.order ? one.order(found) : unknownLast(found.sort((a, b) => one.rows.findIndex((row) => row.label === a.label) - one.rows.findIndex((row) => row.label === b.label)));
    });
    const cityRows = (data.by_city || []).filter((row) => chosen.includes(row.label));
    // a city's own total may be published where its cells are withheld
    const sum = isAll || !chosen.length || !shown.length ? null : pooled("", cityRows.length === chosen.length ? cityRows : shown[0]);
    selection.hidden = isAll;
    selection.textContent = isAll ? "" : !chosen.length ? say("no_city") : sum.churn_rate == null ? say("selected_total_withheld", { cities: joined(chosen), count: whole(sum.customers_count), risk })
      : say("selected_total", { cities: joined(chosen), churned: whole(sum.churned_count), count: whole(sum.customers_count), risk, rate: percent(sum.churn_rate) });
    const bound = shareScale([...shown, ...otherSets.map(([, found]) => found)], base || 0);
    otherPlace.replaceChildren(...otherSets.flatMap(([set, found]) => [element("h3", {}, say("band_set", { name: spaced(set) })), chart(unknownLast(found), { bound, first: say("head_age_band") })]));
    cuts.forEach((one, at) => {
      const isSelected = !isAll && byCity.has("city x " + one.cut);
      one.heading.textContent = isSelected ? say("selected_cut", { cities: joined(chosen), subject: say("by_" + one.cut) }) : cutTitle(one);
      one.heading.hidden = isSelected && !chosen.length;
      one.place.replaceChildren(...(shown[at].length ? [chart(shown[at], { bound, first: say("head_" + one.cut) })] : []));
    });
  });
  section("who", [cuts.length ? [filters.children.length ? filters : null, selection, cuts.map((one) => [one.heading, one.place, one.cut === "product_code" ? soft(say("product_note")) : null,
    one.cut === "age_band" && otherSets.length ? folded(say("other_bands"), otherPlace) : null])] : []].flat(3));

  // --- drivers
  const shownAbove = new Set(cuts.map((one) => one.cut === "age_band" ? "age" : one.cut));
  const intervalRows = (data.intervals || []).filter((row) => !(isInactivity && row.counts_silence));
  const byFeature = groups(intervalRows, "feature_name");
  const drawn = verdicts.filter((row) => row.verdict !== "alike" && byFeature.has(row.name) && !shownAbove.has(row.name));
  // what a rate rests on where one half of the customers found the groups and the other confirmed them
  const halves = { basis: "basis_half", basisHead: say("column_basis_half"), none: say("none_in_half") };
  function intervalsOf({ name, label, verdict }, bound) {
    const found = byFeature.get(name);
    const named = unknownLast(shortened(found));
    const range = extremes(named.map((row) => ({ ...row, is_small_cell: row.basis_count < smallCellSize })));
    const title = verdict === "different" && range ? say("interval_range", { feature: label, ...range }) : say({ different: "interval_differs", alike: "interval_alike", untested: "interval_untested" }[verdict], { feature: label });
    // what nearly every customer with a value has lost may have been set by the loss
    const emptied = named.filter((row) => row.churn_rate >= 0.9 && !isUnknown(row));
    return [element("h3", {}, found[0].is_leak ? say("interval_leak", { title }) : title), chart(named, { bound, first: capital(label), ...halves }), emptied.length ? soft(say("emptied", { groups: joined(emptied.map((row) => `${label} ${row.label}`)) })) : null];
  }
  const driversBound = shareScale([...drawn.map((one) => byFeature.get(one.name)), []], base || 0);
  const hypothesisTable = data.hypotheses ? folded(say("hypotheses"), soft(say("hypotheses_note")), table(say("hypotheses"), [[say("finding"), (row) => grouped(row.sentence || row.statement)], [say("test"), (row) => plain("test_", row.test_name)]], data.hypotheses)) : null;
  section("drivers", [verdicts.length ? [soft(say("drivers_note", { small: smallCellSize })),
    table(say("drivers"), [[say("feature"), (row) => capital(row.label)], [say("verdict"), (row) => element("span", { class: "badge " + row.verdict }, say("verdict_" + row.verdict))],
      [say("strength"), (row) => row.difference == null ? say("withheld") : points(row.difference), true], [say("column_spread"), (row) => row.range ? say("spread", row.range) : say("withheld")], [say("evidence"), (row) => row.evidence]], verdicts),
    drawn.length ? soft(say("interval_note")) : null, drawn.slice(0, 3).map((one) => intervalsOf(one, driversBound)),
    drawn.length > 3 ? folded(say("further_features", { features: joined(drawn.slice(3).map((one) => one.label)) }), drawn.slice(3).map((one) => intervalsOf(one, driversBound))) : null, hypothesisTable] : []].flat(3));

  // --- segments
  if (data.segments) {
    const found = data.segments.map((row) => ({ ...row, label: say("segment_current", { label: grouped(capital(row.label)), count: whole(row.remaining_count) }) }))
      .sort((a, b) => (b.churn_rate ?? -1) - (a.churn_rate ?? -1));
    section("segments", [soft(say("segments_note", { ci })), chart(found, { bound: shareScale([found], base || 0), first: say("head_segment"), ...halves, note: (row) => row.lift == null ? "" : say("segment_lift", { times: row.lift.toFixed(1), rest: percent(row.rest_rate) }),
      more: [[say("column_rest"), (row) => row.rest_rate == null ? "" : percent(row.rest_rate), true], [say("column_times"), (row) => row.lift == null ? "" : say("times_range", { times: row.lift.toFixed(1), lower: row.lift_ci_lower.toFixed(1), upper: row.lift_ci_upper.toFixed(1) }), true]] })],
    found.length === 1 ? say("segments_one") : say("segments", { count: found.length }));
  }

  // --- who is next
  const decileLabel = (row) => row.churn_decile === 10 ? say("decile_highest") : row.churn_decile === 1 ? say("decile_lowest") : say("decile", { decile: row.churn_decile });
  const highestFirst = (found) => [...found].sort((a, b) => b.churn_decile - a.churn_decile).map((row) => ({ ...row, label: decileLabel(row), predicted: row.average_probability }));
  const nextBound = shareScale([highestFirst(observedDeciles), highestFirst(currentDeciles)], base || 0);
  const agreeing = observedDeciles.filter((row) => row.average_probability >= row.churn_rate_ci_lower && row.average_probability <= row.churn_rate_ci_upper).length;
  section("next", [observedDeciles.length ? [element("h3", {}, say("next_agrees", { agreeing, count: observedDeciles.length })), soft(say("next_note", { ci })), isSnapshot ? soft(say("next_snapshot")) : null,
    chart(highestFirst(observedDeciles), { bound: nextBound, first: say("head_decile"), shareHead: say("head_observed", { ci }) })] : [],
  currentDeciles.length ? [element("h3", {}, say("next_current", { expected: expectation ? expectedText() : some(expectedOf(currentDeciles)), count: whole(currentDeciles.reduce((sum, row) => sum + row.customers_count, 0)), days: whole(currentDeciles[0].window_days) })), soft(say("next_current_note", { ci })),
    chart(highestFirst(currentDeciles), { bound: nextBound, share: "predicted", first: say("head_decile"), countHead: say("head_today"), shareHead: say("head_probability") })] : []]);

  // --- over time
  // What differs from the build before of all that the figures of a chart are made of.
  const causeOf = (mart) => {
    const found = (data.causes || []).find((row) => row.mart_name === mart);
    return found ? element("p", { class: "cause" }, say("cause", { cause: found.cause })) : null;
  };
  const martOf = { rfm: "rfm_segments", cluster: "cluster_profiles", clv_tier: "clv_tiers", rule: "strategy_segments" };
  const months = (data.by_month || []).filter((row) => row.is_complete && row.churn_rate != null);
  const timeParts = [];
  if (months.length > 2) {
    const points = months.map((row, at) => ({ x: at, y: row.churn_rate, lower: row.churn_rate_ci_lower, upper: row.churn_rate_ci_upper }));
    const last = months[months.length - 1];
    const every = Math.ceil(months.length / 6);
    timeParts.push(element("h3", {}, say("time_month", { rate: percent(last.churn_rate), month: last.month_starts_on.slice(0, 7), ci, lower: percent(last.churn_rate_ci_lower), upper: percent(last.churn_rate_ci_upper) })), trend ? [element("p", {}, trendText()), soft(say("trend_note", { ci }))] : null, soft(say("time_month_note", { ci })), causeOf("churn_rates"),
      lines([{ name: "", points }], { bound: scale(Math.max(...months.map((row) => row.churn_rate_ci_upper)), true), unit: say("monthly_rate"), name: say("monthly_rate"), xTitle: say("month"),
        xLabels: months.map((row, at) => [at, row.month_starts_on.slice(0, 7)]).filter((one, at) => at % every === 0),
        columns: [[say("month"), (row) => row.month_starts_on.slice(0, 7)], [say("column_start"), (row) => whole(row.start_count), true], [say("column_churned"), (row) => whole(row.churned_count), true], [say("column_rate"), (row) => percent(row.churn_rate), true],
          [say("column_interval", { ci }), (row) => say("range", { lower: percent(row.churn_rate_ci_lower), upper: percent(row.churn_rate_ci_upper) }), true]], rows: months }));
  }
  const cohorts = [...groups((data.retention || []).filter((row) => row.observed_from_month <= 1 && row.retention_rate != null), "cohort_year")].filter(([, found]) => found.length > 2).slice(-4);
  if (cohorts.length) {
    const monthsOf = (row) => row.months_since_joining + 1; // the rate is that of the end of the month
    const series = cohorts.map(([year, found]) => ({ name: say("joined_in", { year }), points: found.map((row) => ({ x: monthsOf(row), y: row.retention_rate })) }));
    const longest = Math.max(...series.flatMap((one) => one.points.map((point) => point.x)));
    const step = Math.max(6, 6 * Math.ceil(longest / 36));
    const marks = Array.from({ length: Math.floor(longest / step) }, (_, at) => (at + 1) * step);
    const lowest = Math.min(...series.flatMap((one) => one.points.map((point) => point.y)));
    // of the end of a year, or the latest month that every cohort has; the worst is named
    const shared = Math.min(12, ...cohorts.map(([, found]) => Math.max(...found.map(monthsOf))));
    const worst = cohorts.map(([year, found]) => ({ year, row: found.find((one) => monthsOf(one) === shared) })).filter(({ row }) => row).sort((a, b) => a.row.retention_rate - b.row.retention_rate)[0];
    timeParts.push(element("h3", {}, worst ? say("time_retention_worst", { year: worst.year, rate: percent(worst.row.retention_rate), months: shared }) : say("time_retention")), soft(say("time_retention_note")),
      lines(series, { bound: 1, from: Math.floor(5 * lowest) / 5, unit: say("retained"), name: say("time_retention"), xTitle: say("months_since_joining"), xLabels: marks.map((month) => [month, String(month)]),
        columns: [[say("months_since_joining"), (month) => String(month), true], ...cohorts.map(([year, found]) => [say("joined_in", { year }), (month) => {
          const row = found.find((one) => monthsOf(one) === month);
          return row ? percent(row.retention_rate) : "";
        }, true])], rows: marks.filter((month) => cohorts.some(([, found]) => found.some((row) => monthsOf(row) === month))) }));
  }
  section("time", timeParts.flat());

  // --- distributions
  const distributions = [...groups(data.distributions || [], "feature_name")];
  const distributionBound = scale(Math.max(0, ...(data.distributions || []).map((row) => Math.max(row.churned_share || 0, row.retained_share || 0))), true);
  section("distributions", [distributions.length ? [soft(say("distributions_note")), distributions.map(([feature, found]) => {
    const label = featureName(feature);
    const named = unknownLast(found.map((row) => ({ ...row, label: grouped(row.label.slice(label.length + 1)) })).map((row) => ({ ...row, is_apart: isUnknown(row) })));
    const title = { different: "distribution_differs", alike: "distribution_alike", untested: "distribution_untested" }[verdictOf(feature).verdict];
    return [element("h3", {}, say(title, { feature: capital(label) })), pairs(named, distributionBound, capital(label))];
  })] : []].flat(3));

  // --- engagement
  const today = (row) => isInactivity ? { label: row.label, customers_count: row.customers_count, is_small_cell: row.customers_count < smallCellSize }
    : { ...row, basis_count: row.known_outcome_count };
  const engagement = [];
  const currentBound = shareScale([data.today || []], base || 0);
  // segments of today's customers; with those who churned, they are folded below
  const currentParts = [...groups((data.today || []).filter((row) => row.customers_count > 0), "segment_scheme")].map(([scheme, found]) => {
    const ordered = bySize(found.map(today));
    return [element("h3", {}, say("current_title", { scheme: plain("scheme_", scheme), label: ordered[0].label, customers: people(ordered[0].customers_count) })), chart(ordered, { bound: currentBound, first: say("head_segment"), countHead: say("head_today"), none: say("none_then", { day: period.observed_on }) })];
  });
  const rfm = [...groups(data.rfm || [], "rfm_scheme")];
  const clusters = [...groups(data.clusters || [], "cluster_set")];
  const engagementBound = shareScale([...rfm.map(([, found]) => found), ...clusters.map(([, found]) => found)], base || 0);
  const largestScheme = ([, a], [, b]) => (b.filter((row) => row.churn_rate != null).length - a.filter((row) => row.churn_rate != null).length);
  const rfmParts = rfm.sort(largestScheme).map(([scheme, found]) => {
    const ordered = bySize(found.map(today));
    return [element("h3", {}, say("rfm_title", { scheme: capital(spaced(scheme)), label: ordered[0].label, customers: people(ordered[0].customers_count) })), chart(ordered, { bound: engagementBound, first: say("head_segment"), countHead: say("head_everybody"), none: say("none_then", { day: period.observed_on }) })];
  });
  const clusterParts = clusters.map(([set, found]) => {
    const ordered = bySize(found.map((row) => today({ ...row, label: row.label || say("unnamed") })));
    const readings = found.filter((row) => row.reading).map((row) => element("li", {}, say("reading", { label: row.label || say("unnamed"), reading: row.reading })));
    return [element("h3", {}, found.length === 1 ? say("clusters_title_one", { set: capital(spaced(set)) }) : say("clusters_title", { set: capital(spaced(set)), count: found.length, label: ordered[0].label })),
      chart(ordered, { bound: engagementBound, first: say("head_cluster"), countHead: say("head_everybody"), none: say("none_then", { day: period.observed_on }) }), readings.length ? element("ul", { class: "soft" }, readings) : null];
  });
  // How many each segment has won and lost between the first and the last day of the history.
  const histories = [...groups(data.history || [], "segment_scheme")].sort(([a], [b]) => (b === "rfm") - (a === "rfm")).map(([scheme, found]) => {
    const days = [...new Set(found.map((row) => row.observed_on))].sort();
    const [first, last] = [days[0], days[days.length - 1]];
    if (days.length < 2) return null;
    // a sum with a withheld month is not known
    const added = (rows, column) => rows.some((row) => row[column] == null) ? null : rows.reduce((sum, row) => sum + row[column], 0);
    const moved = [...groups(found, "label")].map(([label, rows]) => {
      const on = (day) => (rows.find((row) => row.observed_on === day) || { customers_count: 0 }).customers_count;
      const [later, earlier] = [rows.filter((row) => row.observed_on !== first), rows.filter((row) => row.observed_on !== last)];
      return { label, then: on(first), now: on(last), joined: added(later, "arrived_count"), entered: added(later, "entered_count"), left: added(earlier, "moved_count"), churned: added(earlier, "churned_count") };
    }).sort((a, b) => b.now - a.now || (a.label < b.label ? -1 : 1));
    const count = (name) => [(row) => row[name] == null ? say("withheld") : whole(row[name]), true];
    const growth = (row) => row.now - row.then;
    const most = [...moved].sort((a, b) => Math.abs(growth(b)) - Math.abs(growth(a)))[0];
    // the level of the four largest
    const countOn = (day, label) => found.filter((row) => row.observed_on === day && (label == null || row.label === label)).reduce((sum, row) => sum + row.customers_count, 0);
    const shareOn = (day, label) => countOn(day, label) / countOn(day);
    const largest = moved.slice(0, 4).map((row) => row.label);
    const series = largest.map((label) => ({ name: label, points: days.map((day, at) => ({ x: at, y: shareOn(day, label) })) }));
    const level = say("movement_level", { scheme: plain("scheme_", scheme) });
    return [element("h3", {}, say("movement_title", { scheme: plain("scheme_", scheme), label: most.label, then: whole(most.then), now: whole(most.now), first, last })), soft(say(scheme === "clv_tier" ? "movement_note_value" : "movement_note")), causeOf(martOf[scheme]),
      lines(series, { bound: scale(Math.max(...series.flatMap((one) => one.points.map((point) => point.y))), true), unit: level, name: level, xTitle: say("month"),
        xLabels: days.map((day, at) => [at, day.slice(0, 7)]).filter((one, at) => at % Math.ceil(days.length / 6) === 0),
        columns: [[say("month"), (day) => day], ...largest.map((label) => [label, (day) => percent(shareOn(day, label)), true])], rows: days }),
      table(say("movement_caption", { scheme: plain("scheme_", scheme) }), [[say("head_segment"), (row) => row.label], [say("movement_then", { day: first }), ...count("then")], [say("movement_joined"), ...count("joined")],
        [say("movement_entered"), ...count("entered")], [say("movement_left"), ...count("left")], [say("movement_churned"), ...count("churned")], [say("movement_now", { day: last }), ...count("now")]], moved)];
  }).filter((part) => part);
  if (rfmParts.length || clusterParts.length) engagement.push(soft(say("engagement_note")), isInactivity ? soft(say("circular_note")) : hasWindow ? soft(say("today_note", { day: period.observed_on })) : null,
    currentParts.length ? [currentParts, folded(say("all_schemes"), rfmParts, clusterParts)] : [rfmParts.slice(0, 1), clusterParts.slice(0, 1), rfmParts.length > 1 || clusterParts.length > 1 ? folded(say("other_schemes"), rfmParts.slice(1), clusterParts.slice(1)) : null]);
  if (histories.length) {
    const [shown, ...others] = histories;
    engagement.push(shown, others.length ? folded(say("other_schemes"), others) : null);
  }
  section("engagement", engagement.flat(4));

  // --- value
  const bounds = (row) => row.lower_bound_amount == null ? say("tier_below", { upper: money(row.upper_bound_amount) }) : row.upper_bound_amount == null ? say("tier_from", { lower: money(row.lower_bound_amount) }) : say("tier_between", { lower: money(row.lower_bound_amount), upper: money(row.upper_bound_amount) });
  const tierSets = [...groups(data.clv_tiers || [], "tier_set")].map(([set, found]) => [set, found.filter((row) => row.tier_number > 0)]).filter(([, found]) => found.length).map(([set, found]) => [
    element("h3", {}, found[0].value_share == null ? say("value_title_unknown", { set: spaced(set) }) : say("value_title", { customers: people(found[0].customers_count), tier: found[0].label, share: percent(found[0].value_share) })),
    found.every((row) => row.total_value_at_risk_amount != null) ? element("p", {}, say("value_at_risk_tier", { tier: found[0].label, amount: money(found[0].total_value_at_risk_amount), total: money(found.reduce((sum, row) => sum + row.total_value_at_risk_amount, 0)) })) : null,
    chart(found.map((row) => ({ label: say("tier", { tier: capital(String(row.label)), bounds: bounds(row) }), customers_count: row.customers_count, value_share: row.value_share, total_clv_amount: row.total_clv_amount, total_value_at_risk_amount: row.total_value_at_risk_amount })),
      { more: [[say("column_value"), (row) => money(row.total_clv_amount), true], [say("column_value_at_risk"), (row) => money(row.total_value_at_risk_amount), true]], bound: shareScale([found.map((row) => ({ value_share: row.value_share }))]), share: "value_share", shareHead: say("head_value_share"), first: say("head_tier") })]);
  const atRisk = element("div");
  if (economics.some((row) => row.total_value_at_risk_amount != null)) redraw.push(() => {
    const widest = [...groups(economics.filter((row) => isShownSegment(row) && row.total_value_at_risk_amount != null), "segment_code").values()]
      .map((found) => [...found].sort((a, b) => b.eligible_count - a.eligible_count)[0]).sort((a, b) => b.total_value_at_risk_amount - a.total_value_at_risk_amount);
    atRisk.replaceChildren(...(widest.length ? [element("h3", {}, say("at_risk_title", { set: chosenSet() })), soft(say("at_risk_value_note", { days: whole(Number(fact("setting planning_days"))) })),
      table(say("at_risk_title", { set: chosenSet() }), [[say("column_segment"), (row) => grouped(capital(row.segment_name || row.segment_code))], [say("column_eligible"), (row) => whole(row.eligible_count), true], [say("column_value"), (row) => money(row.value_amount), true],
        [say("column_value_at_risk"), (row) => money(row.total_value_at_risk_amount), true], [say("column_range"), (row) => say("range", { lower: money(row.lowest_value_at_risk_amount), upper: money(row.highest_value_at_risk_amount) }), true]], widest)] : []));
  });
  const scored = currentDeciles.reduce((sum, row) => sum + row.customers_count, 0);
  const valued = activeTiers.reduce((sum, row) => sum + row.customers_count, 0);
  const horizon = activeTiers.some((row) => row.clv_family !== "policies") && fact("setting clv_horizon_days");
  section("value", [tierSets.length ? [soft(say("value_note", { horizon: horizon ? say("value_horizon", { days: whole(Number(horizon)) }) : "" })), scored > valued && valued ? soft(say("value_known", { valued: whole(valued), count: whole(scored) })) : null, tierSets[0], tierSets.length > 1 ? folded(say("other_tiers"), tierSets.slice(1)) : null] : []].flat(3));

  // --- what to do
  const actions = [];
  const planningDays = whole(Number(fact("setting planning_days")));
  const decisionBadge = (row) => row.decision_code ? element("span", { class: "badge " + (row.decision_code === "do" ? "good" : "alike") }, plain("decision_", row.decision_code)) : null;
  const kept = (row) => row.expected_kept_customers == null ? say("unknown") : some(row.expected_kept_customers);
  if (plans.length) {
    const title = bestPlans.length === 1 ? say("plans_one") : say(bestPlans.length ? "plans" : "plans_none", { do: bestPlans.length, count: plans.length });
    actions.push(element("h3", {}, title), soft(say("plans_note", { days: planningDays })));
    if (bestPlans.length) actions.push(table(title, [[say("column_plan"), planName], [say("column_scheme"), (row) => plain("scheme_", row.segment_scheme)], [say("column_net"), (row) => money(row.expected_net_amount), true], [say("column_range"), (row) => moneyRange(row.least_net_amount, row.most_net_amount), true],
      [say("column_cost"), (row) => money(row.total_cost_amount), true], [say("column_reached"), (row) => whole(row.reached_count), true], [say("column_expected"), (row) => row.reached_churned_customers == null ? say("unknown") : some(row.reached_churned_customers), true], [say("column_kept"), kept, true], [say("column_chosen"), (row) => row.chosen_count == null ? "" : whole(row.chosen_count), true]], bestPlans));
    const cards = element("ol", { class: "work" });
    const furtherCards = element("ol", { class: "work" });
    const further = folded(say("further_plans"), furtherCards);
    const heading = element("h3", { "aria-live": "polite" });
    const pair = (term, ...given) => element("dl", {}, element("dt", {}, term), given.filter(Boolean).map((line, at) => element("dd", { class: at ? "soft" : null }, line)));
    const card = (row) => element("li", {},
      element("div", { class: "plan" }, element("span", { class: "rank" }, String(row.priority_rank ?? "–")), " ", element("b", {}, planName(row)), " ", decisionBadge(row), row.is_test_first && row.decision_code !== "test" ? element("span", { class: "badge alike" }, say("test_first")) : null,
        row.uses_protected_attribute ? element("span", { class: "badge alike" }, say("by_protected")) : null),
      element("div", { class: "facts" },
        pair(say("reach"), say("reach_value", { reached: whole(row.reached_count), remaining: whole(row.remaining_count) }), say("effort", { days: some(Number(row.effort_days)) })),
        pair(say("expected"), row.reached_churned_customers == null ? say("unknown") : say("expected_value", { expected: some(row.reached_churned_customers), remaining: whole(row.reached_count), rate: percent(row.reached_count ? row.reached_churned_customers / row.reached_count : 0) }),
          row.is_descriptive_only ? say("if_snapshot") : "", row.is_extrapolated ? say("extrapolated", { days: whole(row.window_days) }) : ""),
        pair(say("kept"), row.expected_kept_customers == null ? say("unknown") : say("kept_value", { count: some(row.expected_kept_customers), lower: some(row.least_kept_customers), upper: some(row.most_kept_customers) }), say("save_rate", { rates: saveRates(row), evidence: plain("evidence_", row.evidence_level) })),
        pair(say("column_cost"), money(row.total_cost_amount)),
        pair(say("column_net"), money(row.expected_net_amount), moneyRange(row.least_net_amount, row.most_net_amount)),
        pair(say("start"), say("lead_time", { days: whole(row.lead_time_days || 0) }), row.prerequisite ? say("prerequisite", { prerequisite: row.prerequisite }) : "", row.offers ? say("offers", { offers: row.offers }) : "",
          row.expected_kept_amount == null ? "" : say("balances_kept", { amount: money(row.expected_kept_amount) }))));
    redraw.push(() => {
      const found = plans.filter(isShownSegment);
      const best = found.find((row) => ["do", "test"].includes(row.decision_code));
      heading.textContent = best ? say("priorities_first", { set: chosenSet(), plan: planName(best), decision: say("decision_" + best.decision_code) }) : say("priorities_none", { set: chosenSet() });
      cards.replaceChildren(...found.slice(0, 5).map(card));
      furtherCards.replaceChildren(...found.slice(5).map(card));
      further.hidden = found.length <= 5;
    });
    actions.push(segmentFilters, heading, soft(say("priorities_note", { planning: isSnapshot ? "" : say("priorities_planning", { days: planningDays }) })), cards, further, atRisk);
  }
  const chores = (data.strategies || []).filter((row) => row.segment_scheme === "data_quality");
  if (chores.length) actions.push(element("h3", {}, say("chores")), element("ul", {}, chores.map((row) => element("li", {}, say("chore", { strategy: row.strategy_name, segment: row.segment_name, customers: people(row.remaining_count), days: some(Number(row.effort_days)) })))));
  const retained = (data.reach || []).filter((row) => row.action_mode === "retain");
  if (retained.length) {
    const found = [...groups(retained, "strategy_name")].map(([name, parts]) => {
      const count = (code) => { const part = parts.find((row) => row.reach_code === code); return part ? part.customers_count : 0; };
      const row = { name, proposed: Math.max(...parts.map((part) => part.proposed_count ?? 0), parts.reduce((sum, part) => sum + part.customers_count, 0)), chosen: count("chosen"), not_best: count("not_best"), no_consent: count("no_consent"), contacted_lately: count("contacted_lately"), not_set_up: count("not_set_up") };
      return { ...row, other: row.proposed - row.chosen - row.not_best - row.no_consent - row.contacted_lately - row.not_set_up };
    }).sort((a, b) => b.chosen - a.chosen || b.proposed - a.proposed || a.name.localeCompare(b.name));
    const title = say("decisions", { count: whole(found.reduce((sum, row) => sum + row.chosen, 0)) });
    const column = (key, name) => [say(key), (row) => whole(row[name]), true];
    const columns = [[say("strategy"), (row) => row.name], column("column_chosen", "chosen"), column("column_proposed", "proposed"), column("column_not_best", "not_best"), column("column_no_consent", "no_consent"), column("column_contacted_lately", "contacted_lately"), ...(found.some((row) => row.not_set_up) ? [column("column_not_set_up", "not_set_up")] : []), column("column_other_reasons", "other")];
    const [chosen, others] = [found.filter((row) => row.chosen), found.filter((row) => !row.chosen)];
    actions.push(element("h3", {}, title), soft(say("decisions_note")), table(title, columns, chosen.slice(0, 5)), chosen.length > 5 ? folded(say("decisions_further"), table(say("decisions_further"), columns, chosen.slice(5))) : null, others.length ? folded(say("decisions_none"), table(say("decisions_none"), columns, others)) : null);
  }
  const wonBack = [...groups((data.reach || []).filter((row) => row.action_mode === "win_back"), "strategy_name")].map(([name, parts]) => {
    const count = (code) => parts.filter((row) => row.reach_code === code).reduce((sum, row) => sum + row.customers_count, 0);
    return { name, chosen: count("chosen"), proposed: Math.max(...parts.map((row) => row.proposed_count ?? 0)), no_consent: count("no_consent"), over_capacity: count("over_capacity"), not_best: count("not_best") };
  }).filter((row) => row.chosen).sort((a, b) => b.chosen - a.chosen);
  if (wonBack.length) {
    const title = say("won_back", { count: whole(wonBack.reduce((sum, row) => sum + row.chosen, 0)) });
    const column = (key, name) => [say(key), (row) => whole(row[name]), true];
    actions.push(element("h3", {}, title), soft(say("won_back_note")), table(title, [[say("strategy"), (row) => row.name], column("column_chosen", "chosen"), column("column_proposed", "proposed"), column("column_no_consent", "no_consent"), column("column_over_capacity", "over_capacity"), column("column_not_best", "not_best")], wonBack));
  }
  if (data.budgets) {
    const unspent = data.budgets.filter((row) => row.budget_amount - row.spend_amount >= 0.01 * row.budget_amount);
    const costly = data.budgets.filter((row) => row.floor_net_amount < 0);
    actions.push(element("h3", {}, say("budget")), soft(say("budget_note")), table(say("budget"), [[say("column_scenario"), (row) => row.scenario_name], [say("column_budget"), (row) => money(row.budget_amount), true], [say("column_spend"), (row) => money(row.spend_amount), true],
      [say("column_net"), (row) => money(row.expected_net_amount), true], [say("column_range"), (row) => moneyRange(row.least_net_amount, row.most_net_amount), true], [say("column_even"), (row) => money(row.even_expected_net_amount), true], [say("column_floor"), (row) => money(row.floor_net_amount), true]], data.budgets),
    costly.length ? element("p", {}, say("budget_floor", { tiers: joined([...new Set(costly.flatMap((row) => row.floor_tiers.split(", ")))]), scenarios: joined(costly.map((row) => say("scenario_amount", { scenario: row.scenario_name, amount: money(-row.floor_net_amount) }))) })) : null,
    unspent.length ? element("p", {}, say("budget_unspent", { scenarios: joined(unspent.map((row) => say("scenario_amount", { scenario: row.scenario_name, amount: money(row.budget_amount - row.spend_amount) }))) })) : null);
  }
  const campaigns = asOf ? say("campaigns_running") : say("campaigns_undated");
  if (data.campaign_sizes) actions.push(element("h3", {}, campaigns), table(campaigns, [[say("column_campaign"), (row) => row.campaign_name], [say("column_when"), (row) => say("range", { lower: row.contacts_start_on, upper: row.contacts_end_on })],
    [say("column_treated"), (row) => row.treated_count == null ? say("withheld") : whole(row.treated_count), true], [say("column_holdout"), (row) => row.holdout_count == null ? say("withheld") : whole(row.holdout_count), true], [say("column_needed"), (row) => row.needed_test_count == null ? say("unknown") : whole(row.needed_test_count), true],
    [say("column_question"), (row) => row.is_answerable == null ? say("unknown") : row.is_answerable ? say("campaign_answerable") : say("campaign_unanswerable")]], data.campaign_sizes));
  const readouts = (data.readouts || []).filter((row) => row.segment_scheme === "all" && row.outcome_code === "closing" && row.verdict);
  if (readouts.length) actions.push(element("h3", {}, say("campaigns_read")), soft(say("campaigns_read_note")), table(say("campaigns_read"), [[say("column_campaign"), (row) => row.campaign_name], [say("verdict"), (row) => element("span", { class: "badge " + ({ works: "good", harms: "warn" }[row.verdict] || "alike") }, plain("readout_", row.verdict))],
    [say("column_kept_treated"), (row) => say("expected_value", { expected: whole(row.treated_kept_count), remaining: whole(row.treated_known_count), rate: percent(row.treated_kept_count / row.treated_known_count) }), true],
    [say("column_kept_holdout"), (row) => say("expected_value", { expected: whole(row.holdout_kept_count), remaining: whole(row.holdout_known_count), rate: percent(row.holdout_kept_count / row.holdout_known_count) }), true],
    [say("column_difference", { ci }), (row) => say("points", { value: say("range", { lower: (100 * row.difference_ci_lower).toFixed(1), upper: (100 * row.difference_ci_upper).toFixed(1) }) }), true]], readouts));
  section("actions", actions.filter(Boolean));

  // --- how far to trust it
  const trust = [];
  const digits = (name, count) => (row) => row[name] == null ? "" : row[name].toFixed(count);
  if (data.reconciliation) {
    const title = raw.isWhole ? say("inputs_title", { count: whole(raw.raw), quarantined: whole(raw.quarantined) }) : say("inputs_title_open");
    trust.push(element("h3", {}, title), table(say("inputs"), [[say("column_source"), (row) => row.source_name], [say("column_raw"), (row) => whole(row.raw_count), true], [say("column_conformed"), (row) => whole(row.conformed_count), true], [say("column_quarantined"), (row) => whole(row.quarantined_count), true], [say("column_duplicates"), (row) => whole(row.deduplicated_count), true]], data.reconciliation));
    const notes = (data.inputs || []).filter((row) => row.note);
    if (notes.length) trust.push(folded(say("notes"), element("ul", {}, notes.map((row) => element("li", {}, say("reading", { label: capital(spaced(row.entity_name)), reading: grouped(row.note) }))))));
    if (data.blanks) trust.push(folded(say("blanks"), table(say("blanks"), [[say("column_source"), (row) => capital(spaced(row.entity_name))], [say("column_column"), (row) => spaced(row.column_name)], [say("column_blank"), (row) => whole(row.blank_count), true], [say("column_blank_share"), (row) => percent(row.blank_share), true]], data.blanks)));
  }
  const models = [...groups((data.churn_models || []).filter((row) => row.sample === "cross_validation"), "feature_set").values()].flatMap((found) => [...groups(found, "model_code").values()]).map((found) => ({ ...found[0], ...Object.fromEntries(found.map((row) => [row.metric_name, row.metric_value])) }))
    .sort((a, b) => b.is_scored - a.is_scored || a.brier - b.brier);
  if (models.length) {
    const used = models.find((row) => row.is_scored);
    const peers = used && models.filter((row) => row !== used && [used.feature_set, "none"].includes(row.feature_set));
    trust.push(element("h3", {}, used ? say(!used.is_baseline && peers.every((row) => row.brier > used.brier) ? "models" : "models_same", { model: plain("model_", used.model_code) }) : say("column_model")), soft(say("models_note")),
      table(say("column_model"), [[say("column_model"), (row) => plain("model_", row.model_code)], [say("column_features"), (row) => plain("features_", row.feature_set)], [say("column_used"), (row) => row.is_scored ? say("yes") : say("no")], [say("column_brier"), digits("brier", 3), true], [say("column_auc"), digits("auc", 3), true], [say("column_calibration"), digits("ece", 3), true], [say("column_lift"), digits("top_decile_lift", 2), true]], models));
  }
  if (valueModels.some((row) => row.is_served)) {
    const used = valueModels[0];
    const baselines = valueModels.filter((row) => row.is_baseline && row.mae != null);
    const model = plain("model_", used.model_code);
    const best = Math.min(...baselines.map((row) => row.mae));
    const columns = [[say("column_model"), (row) => row.name === row.model_code ? plain("model_", row.name) : spaced(row.name)], [say("column_used"), (row) => row.is_served ? say("yes") : say("no")], [say("column_mae"), (row) => row.mae == null ? "" : money(row.mae), true], [say("column_bias"), (row) => row.total_bias == null ? "" : percent(row.total_bias), true]];
    if (valueModels.some((row) => row.interval_coverage != null)) columns.push([say("column_coverage"), (row) => row.interval_coverage == null ? "" : percent(row.interval_coverage), true]);
    trust.push(element("h3", {}, used.mae == null || !baselines.length ? say("clv_models", { model }) : say("clv_models_against", { model, mae: money(used.mae), best: money(best), bias: used.total_bias == null ? "" : say("clv_models_bias", { bias: biasText(used.total_bias) }) })), soft(say("clv_models_note")), table(say("clv_models", { model }), columns, valueModels));
  }
  if (drift.length) {
    const moved = drift.filter((row) => row.verdict === "large" || row.verdict === "moderate");
    const large = moved.filter((row) => row.verdict === "large");
    const days = { from: drift[0].then_on, to: drift[0].now_on };
    const title = large.length ? say("drift_large", { features: joined(large.map((row) => row.feature_label)), ...days }) : moved.length ? say("drift_moderate", { features: joined(moved.map((row) => row.feature_label)), ...days }) : say("drift_none", days);
    const columns = [[say("feature"), (row) => capital(row.feature_label)], [say("verdict"), (row) => element("span", { class: "badge " + (moved.includes(row) ? "warn" : "alike") }, plain("moved_", row.verdict))], [say("column_index"), digits("population_stability_index", 3), true]];
    const others = drift.filter((row) => !moved.includes(row));
    trust.push(element("h3", {}, title), soft(say("drift_note", days)), moved.length ? table(title, columns, moved) : null, others.length ? folded(say("drift_others"), table(say("drift_others"), columns, others)) : null);
  }
  if (fairness.length) {
    const unequal = fairness.filter((row) => row.verdict.endsWith("served"));
    const title = unequal.length ? say("fairness", { count: unequal.length, all: fairness.length }) : say("fairness_alike", { all: fairness.length });
    const columns = [[say("column_decision"), (row) => plain("decided_", row.decision_name)], [say("column_group"), groupName], [say("verdict"), (row) => element("span", { class: "badge " + (row.verdict.endsWith("served") ? "warn" : "alike") }, plain(row.decision_name === "score" ? "fair_" : "fair_selected_", row.verdict))],
      [say("column_customers"), (row) => whole(row.customers_count), true], [say("column_predicted"), (row) => row.average_probability == null ? "" : percent(row.average_probability), true], [say("column_rate"), (row) => row.churn_rate == null ? "" : percent(row.churn_rate), true], [say("column_selected"), (row) => row.selected_share == null ? "" : percent(row.selected_share), true]];
    const others = fairness.filter((row) => !row.verdict.endsWith("served"));
    trust.push(element("h3", {}, title), soft(say("fairness_note")), unequal.length ? table(title, columns, unequal) : null, others.length ? folded(say("fairness_others"), table(say("fairness_others"), columns, others)) : null);
  }
  section("trust", trust.filter(Boolean));

  // --- glossary
  section("glossary", [element("dl", { class: "glossary" }, say("terms").split("|").flatMap((term) => [element("dt", { id: termId(term) }, term), element("dd", {}, say(termId(term), { significance: significanceLevel, ci, level: confidence.level, small: smallCellSize, minimum: minimumCellSize }))]))]);

  document.getElementById("nav").append(nav);
  nav.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    place = link.getAttribute("href").slice(1);
    const target = document.getElementById(place);
    target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
    target.scrollIntoView();
    keepState();
  });
  redraw.forEach((draw) => draw());
  if (place && document.getElementById(place)) document.getElementById(place).scrollIntoView();
  document.getElementById("footer").append(element("p", {}, say("footer", { ci, small: smallCellSize, minimum: minimumCellSize, risk })));
})();
