"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const facts = {};
  for (const item of data.manifest || []) facts[item.item_kind + " " + item.item_name] = item;
  const fact = (name) => (facts[name] || {}).item_value;
  const z = Number(fact("setting confidence_z"));
  const smallCellSize = Number(fact("setting small_cell_size"));
  const minimumCellSize = Number(fact("setting minimum_cell_size"));

  const whole = (value) => Math.round(value).toLocaleString("en");
  const percent = (share) => (100 * share).toFixed(1) + " %";
  const money = (value) => value == null ? "unknown" : Math.abs(value) >= 1e6 ? (value / 1e6).toFixed(1) + " m" : whole(value);
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const spaced = (text) => text.replace(/_/g, " ");
  const tied = (text) => text.replace(/ %/g, "\u00a0%"); // in titles, which break into lines
  const grouped = (text) => text.replace(/\d{5,}/g, (digits) => whole(Number(digits)));
  const people = (count) => whole(count) + (count === 1 ? " customer" : " customers");

  function element(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) node.setAttribute(key, "");
      else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child != null));
    return node;
  }

  // Wilson's interval as macros/statistics/wilson.sql has it, for towns that are added up here; a test compares the two.
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

  function scale(largest, isShare) {
    if (!(largest > 0)) return 1;
    if (isShare && largest > 0.8) return 1;
    const power = Math.pow(10, Math.floor(Math.log10(largest)));
    return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((bound) => bound >= largest * 0.9999);
  }

  function said(row) {
    let text = `${row.label}: ${people(row.customers_count)}`;
    if (row.value_share != null) return `${text}, ${percent(row.value_share)} of the value.`;
    if (row.churn_rate == null && row.customers_count === 0) return text + ".";
    if (row.churn_rate == null) return `${text}; ${row.customers_count < minimumCellSize ? "outcome withheld, fewer than " + minimumCellSize : "who left is not known or withheld"}.`;
    text += `, ${whole(row.churned_count)} left (${percent(row.churn_rate)}; 95 % interval ${percent(row.churn_rate_ci_lower)} to ${percent(row.churn_rate_ci_upper)})`;
    return text + (row.is_small_cell ? `; fewer than ${smallCellSize}, statistically weak.` : ".");
  }

  // Marts whose cells are seldom small do not mark them.
  const flagged = (row) => ({ ...row, is_small_cell: row.is_small_cell ?? row.customers_count < smallCellSize });

  const tip = document.getElementById("tip");
  function showTip(node, text) {
    const box = node.getBoundingClientRect();
    tip.textContent = text;
    tip.hidden = false;
    tip.style.left = Math.max(8, Math.min(box.left + 40, innerWidth - 316)) + scrollX + "px";
    tip.style.top = box.bottom + scrollY + 4 + "px";
  }

  function track(kind, share, valueText, valueAt, extra = []) {
    const bar = share == null ? null : element("span", { class: "bar", style: `width:${100 * share}%` });
    const value = element("span", { class: "value", style: `left:${100 * valueAt}%` }, element("span", {}, valueText));
    return element("span", { class: "track " + kind }, bar, ...extra, value);
  }

  function axis(bound, isShare) {
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => element("span", { style: `left:${100 * at}%` },
      isShare ? String(Number((100 * bound * at).toFixed(1))) : bound * at >= 1000 ? Number((bound * at / 1000).toFixed(2)) + "k" : String(Number((bound * at).toFixed(1)))));
    return element("span", { class: "ticks", "aria-hidden": "true" }, ...ticks, element("span", { class: "unit" }, isShare ? "%" : "customers"));
  }

  // Bars of customers and, beside them, of the share that left with its interval as whiskers.
  function chart(given, { base = null, share = "churn_rate", shareHead = "Share that left (%), whiskers: 95 % interval", first = "" } = {}) {
    const rows = given.map(flagged);
    const hasShare = rows.some((row) => row[share] != null);
    const countBound = scale(Math.max(...rows.map((row) => row.customers_count)), false);
    const shareBound = scale(Math.max(base || 0, ...rows.map((row) => row.churn_rate_ci_upper || row[share] || 0)), true);
    const root = element("div", { class: "chart" + (hasShare ? "" : " one") });
    const list = element("div", { role: "list" });
    const baseText = base == null ? "" : `; dashed: all customers ${percent(base)}`;
    root.append(element("div", { class: "heads", "aria-hidden": "true" }, element("span", {}, first), element("span", {}, "Customers (number)"),
      hasShare ? element("span", {}, shareHead + baseText) : null));
    for (const row of rows) {
      const rate = row[share];
      const extra = [];
      if (base != null) extra.push(element("span", { class: "base", style: `left:${100 * base / shareBound}%` }));
      if (rate != null && row.churn_rate_ci_lower != null) {
        extra.push(element("span", { class: "whisker", style: `left:${100 * row.churn_rate_ci_lower / shareBound}%;width:${100 * (row.churn_rate_ci_upper - row.churn_rate_ci_lower) / shareBound}%` }));
        extra.push(element("span", { class: "point", style: `left:${100 * rate / shareBound}%` }));
      }
      const text = said(row);
      const line = element("div", { class: "row" + (row.is_small_cell ? " small" : ""), role: "listitem", tabindex: "0", "aria-label": text, "data-label": row.label },
        element("span", { class: "label" }, row.label),
        track("count", row.customers_count / countBound, whole(row.customers_count), row.customers_count / countBound),
        hasShare ? track("rate", rate == null ? null : rate / shareBound, rate == null ? (row.customers_count === 0 ? "nobody" : "withheld") : percent(rate) + (row.is_small_cell ? " †" : ""),
          (row.churn_rate_ci_upper ?? rate ?? 0) / shareBound, extra) : null);
      line.addEventListener("mouseenter", () => showTip(line, text));
      line.addEventListener("focus", () => showTip(line, text));
      for (const leave of ["mouseleave", "blur"]) line.addEventListener(leave, () => { tip.hidden = true; });
      list.append(line);
    }
    root.append(list, element("div", { class: "axis" }, element("span", {}), axis(countBound, false), hasShare ? axis(shareBound, true) : null));
    if (hasShare && rows.some((row) => row.is_small_cell && row[share] != null)) root.append(element("p", { class: "soft" }, `† hatched: fewer than ${smallCellSize} customers, statistically weak.`));
    if (hasShare && rows.some((row) => row[share] == null && row.customers_count > 0)) root.append(element("p", { class: "soft" }, `withheld: not known, or kept back to protect cells of fewer than ${minimumCellSize} customers.`));
    root.append(table(rows, hasShare ? share : null));
    return root;
  }

  function table(rows, share) {
    const heads = share === "churn_rate" ? ["Customers", "Left", "Share that left", "95 % interval"] : share ? ["Customers", "Share of value"] : ["Customers"];
    const cells = (row) => [whole(row.customers_count), ...(share === "churn_rate"
      ? row.churn_rate == null ? (row.customers_count === 0 ? ["0", "", ""] : ["withheld", "withheld", ""]) : [whole(row.churned_count), percent(row.churn_rate), `${percent(row.churn_rate_ci_lower)} – ${percent(row.churn_rate_ci_upper)}`]
      : share ? [row[share] == null ? "" : percent(row[share])] : [])];
    return element("details", {}, element("summary", {}, "Show as a table"), element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Table" }, element("table", {},
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Group"), ...heads.map((head) => element("th", { scope: "col", class: "number" }, head)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, element("th", { scope: "row" }, row.label), ...cells(row).map((cell) => element("td", { class: "number" }, cell))))))));
  }

  // What a chart of rates shows, as its title.
  function headline(subject, rows) {
    const known = rows.map(flagged).filter((row) => row.churn_rate != null);
    if (known.length < 2) return `Share that left ${subject}`;
    const solid = known.filter((row) => !row.is_small_cell);
    const ranked = [...(solid.length > 1 ? solid : known)].sort((a, b) => b.churn_rate - a.churn_rate);
    const [most, least] = [ranked[0], ranked[ranked.length - 1]];
    if (percent(most.churn_rate) === percent(least.churn_rate)) return `Share that left ${subject}: ${percent(most.churn_rate)} everywhere`;
    return tied(`Share that left ${subject} – highest: ${most.label} (${percent(most.churn_rate)}), lowest: ${least.label} (${percent(least.churn_rate)})`);
  }

  const main = document.getElementById("main");
  const nav = element("ul");
  function section(id, name, title, ...children) {
    nav.append(element("li", {}, element("a", { href: "#" + id }, name)));
    const node = element("section", { id, "aria-labelledby": id + "-title" }, element("h2", { id: id + "-title" }, title), ...children);
    main.append(node);
    return node;
  }
  function groups(rows, key) {
    const found = new Map();
    for (const row of rows) found.set(row[key], [...(found.get(row[key]) || []), row]);
    return found;
  }

  // --- header
  const total = [data.by_product_count, data.by_city, data.by_gender].find((rows) => rows && rows.every((row) => row.churned_count != null)) || data.by_product_count;
  const all = total && pooled("all customers", total);
  const base = all && all.churn_rate;
  const asOf = fact("build as_of_date");
  const inputs = (data.manifest || []).filter((item) => item.item_kind === "input");
  const header = document.getElementById("header");
  header.append(element("h1", {}, "Customers: who they are, who leaves, what to do"),
    element("p", {}, `Data: ${fact("build source_system")}${inputs.length ? " (" + inputs.map((item) => `${item.item_value}, ${whole(item.row_count)} rows`).join("; ") + ")" : ""}.`),
    element("p", { class: "soft" }, `${asOf ? "As of " + asOf : "The extract carries no dates: one snapshot"}. Build ${(data.manifest || [{}])[0].build_id}, revision ${(fact("build git_revision") || "unknown").slice(0, 10)}; every test of it passed.`));
  if (all) {
    header.append(element("div", { class: "figures" },
      element("div", { class: "figure" }, "Customers", element("b", {}, whole(all.customers_count))),
      all.churned_count == null ? null : element("div", { class: "figure" }, "Left", element("b", {}, whole(all.churned_count))),
      base == null ? null : element("div", { class: "figure" }, "Share that left", element("b", {}, percent(base)),
        element("span", { class: "soft" }, `${percent(all.churn_rate_ci_lower)} – ${percent(all.churn_rate_ci_upper)}`))));
  }

  // --- page 1: number of products, by town
  if (data.by_product_count) {
    const productLabel = (count) => count == null || count === "unknown" ? "number unknown" : count + (Number(count) === 1 ? " product" : " products");
    const cells = (data.by_city_and_product_count || []).map((row) => {
      const at = row.cut_value.lastIndexOf(" x ");
      return { ...row, town: row.cut_value.slice(0, at), product_count: row.cut_value.slice(at + 3) };
    });
    const towns = [...groups(cells, "town").keys()].sort();
    const title = element("h3", { id: "products-headline", "aria-live": "polite" });
    const place = element("div", { id: "products-chart" });
    const node = section("products", "Products and towns", "Customers by number of products, and the share that left");
    const boxes = towns.map((town) => element("input", { type: "checkbox", name: "town", value: town, checked: true }));
    const draw = () => {
      const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
      const isAll = chosen.length === towns.length;
      const rows = isAll
        ? data.by_product_count.map((row) => ({ ...row, label: productLabel(row.product_count) }))
        : [...groups(cells.filter((cell) => chosen.includes(cell.town)), "product_count")]
          .sort(([a], [b]) => (Number.isNaN(+a) ? Infinity : +a) - (Number.isNaN(+b) ? Infinity : +b))
          .map(([count, found]) => found.length === 1 ? { ...found[0], label: productLabel(count) } : pooled(productLabel(count), found));
      const where = isAll ? "All towns" : chosen.join(" and ");
      if (!rows.length) {
        title.textContent = "No town is chosen: choose at least one.";
        place.replaceChildren();
        return;
      }
      const sum = isAll ? all : pooled(where, rows);
      title.textContent = `${where}: ${people(sum.customers_count)}` + (sum.churn_rate == null ? ". " : tied(`, ${percent(sum.churn_rate)} left. `)) + (rows.length > 1 ? headline("by number of products", rows) + "." : "");
      place.replaceChildren(chart(rows, { base, first: "Number of products" }));
    };
    if (towns.length > 1) {
      const everyone = element("button", { type: "button" }, "All towns");
      everyone.addEventListener("click", () => { boxes.forEach((box) => { box.checked = true; }); draw(); });
      boxes.forEach((box) => box.addEventListener("change", draw));
      node.append(element("fieldset", {}, element("legend", {}, "Towns (choose one or several)"), ...boxes.map((box) => element("label", {}, box, box.value)), everyone));
    }
    node.append(title, place);
    draw();
  }

  // --- churn by dimension
  const cuts = [["by_age", "age", "age_band_set"], ["by_gender", "gender"], ["by_city", "town"], ["by_product", "product held"]].filter(([key]) => data[key]);
  if (cuts.length) {
    const node = section("cuts", "Age, gender, town, product", "Who leaves: by age, gender, town and product");
    for (const [key, subject, setKey] of cuts) {
      const mainSet = fact("setting age_band_set");
      const sets = setKey ? [...groups(data[key], setKey)].sort(([a], [b]) => (b === mainSet) - (a === mainSet)) : [[null, data[key]]];
      const drawn = sets.map(([set, rows]) => {
        const named = rows.map((row) => ({ ...row, label: spaced(String(row.label ?? "unknown")) }));
        const title = headline("by " + subject + (set && set !== mainSet ? ` (bands: ${spaced(set)})` : ""), named);
        return [element("h3", {}, title), chart(named, { base, first: capital(subject) })];
      });
      node.append(...drawn[0]);
      if (drawn.length > 1) node.append(element("details", {}, element("summary", {}, "The same by other sets of age bands"), ...drawn.slice(1).flat()));
    }
    if (data.by_product) node.append(element("p", { class: "soft" }, "A customer may hold several products, so these rows add up to more than all customers."));
  }

  // --- engagement
  if (data.rfm) {
    const node = section("rfm", "Engagement", "How engaged customers are: RFM segments",
      element("p", { class: "soft" }, "RFM: how recently (recency), how often (frequency) and with how much money (monetary) customers were in touch or bought."));
    for (const [scheme, rows] of groups(data.rfm, "rfm_scheme")) {
      const largest = rows[0];
      node.append(element("h3", {}, `${capital(spaced(scheme))}: the largest segment is ${largest.label} (${people(largest.customers_count)})`), chart(rows, { base, first: "Segment" }));
    }
  }
  if (data.clusters) {
    const node = section("clusters", "Clusters", "Groups that customers form by themselves");
    for (const [set, rows] of groups(data.clusters, "cluster_set")) {
      const known = rows.map((row) => ({ ...row, label: row.label || "unnamed" }));
      node.append(element("h3", {}, `${capital(spaced(set))}: ${rows.length} ${rows.length === 1 ? "group" : "groups"}, the largest: ${[...known].sort((a, b) => b.customers_count - a.customers_count)[0].label}`), chart(known, { base: set === "customers" ? base : null, first: "Cluster" }));
      const readings = known.filter((row) => row.reading);
      if (readings.length) node.append(element("ul", { class: "soft" }, ...readings.map((row) => element("li", {}, `${row.label}: ${row.reading}`))));
    }
  }

  // --- intervals, segments, hypotheses
  if (data.intervals) {
    const node = section("intervals", "Intervals", "Along each feature, where customers leave more",
      element("p", { class: "soft" }, "Intervals were found in one half of the customers; these are the figures of the other half."));
    const features = [...groups(data.intervals, "feature_name")].filter(([, rows]) => rows.some((row) => row.is_significant));
    const others = [...groups(data.intervals, "feature_name")].filter(([, rows]) => !rows.some((row) => row.is_significant));
    const part = ([feature, rows]) => {
      // the words that all labels begin with name the feature
      const words = rows.map((row) => row.label.split(" "));
      let shared = 0;
      while (words.every((list) => list.length > shared + 1 && list[shared] === words[0][shared])) shared += 1;
      const name = words[0].slice(0, shared).join(" ") || spaced(feature).replace(/^(is|has) /, "");
      const named = rows.map((row, at) => ({ ...row, label: grouped(words[at].slice(shared).join(" ")) }));
      return [element("h3", {}, headline("by " + name, named) + (rows[0].is_leak ? " – measured after some had left" : "")), chart(named, { base, first: capital(name) })];
    };
    features.slice(0, 4).forEach((feature) => node.append(...part(feature)));
    if (features.length > 4) node.append(element("details", {}, element("summary", {}, `${features.length - 4} further features with an effect`), ...features.slice(4).flatMap(part)));
    if (others.length) node.append(element("p", { class: "soft" }, `No effect was shown for: ${others.map(([feature]) => spaced(feature).replace(/^(is|has) /, "")).join(", ")}.`));
  }
  if (data.segments) {
    section("segments", "Segments that leave", `${data.segments.length === 1 ? "One combination" : data.segments.length + " combinations"} of signs at which customers leave more, confirmed in the other half`,
      chart(data.segments.map((row) => ({ ...row, label: grouped(capital(row.label)) })), { base, first: "Segment" }));
  }
  if (data.hypotheses) {
    const statements = [...groups(data.hypotheses, "statement")];
    const held = statements.filter(([, rows]) => rows.some((row) => row.verdict === "different")).length;
    const tests = { welch: "means (Welch)", mann_whitney: "ranks (Mann-Whitney)", two_proportion_z: "two shares (z)", chi_square: "several shares (chi-square)" };
    section("hypotheses", "Hypotheses", `${held} of ${statements.length} registered hypotheses are borne out by at least one test`,
      element("p", { class: "soft" }, "different: a difference was shown; equivalent: any difference is too small to matter; inconclusive: neither was shown. q is the p-value corrected for the number of tests. Means and ranks are different questions and may have different answers."),
      element("table", { class: "findings" }, element("thead", {}, element("tr", {}, ...["Verdict", "Finding", "Test"].map((head) => element("th", { scope: "col" }, head)))),
        element("tbody", {}, ...data.hypotheses.map((row) => element("tr", {}, element("td", {}, element("span", { class: "badge " + (row.verdict || "inconclusive") }, row.verdict || "withheld")), element("td", {}, grouped(row.sentence || row.statement)), element("td", { class: "soft" }, tests[row.test_name] || spaced(row.test_name)))))));
  }

  // --- value
  if (data.clv_tiers) {
    const node = section("value", "Lifetime value", "Who holds the value: tiers of customer lifetime value",
      element("p", { class: "soft" }, "Bounds of the tiers in brackets, in the extract's currency."));
    const bounds = (row) => row.lower_bound_amount == null ? `below ${money(row.upper_bound_amount)}` : row.upper_bound_amount == null ? `from ${money(row.lower_bound_amount)}` : `${money(row.lower_bound_amount)} to below ${money(row.upper_bound_amount)}`;
    const drawn = [...groups(data.clv_tiers, "tier_set")].map(([set, rows]) => [
      element("h3", {}, `${capital(spaced(set))}: ${people(rows[0].customers_count)} of the ${rows[0].label} tier hold ${rows[0].value_share == null ? "an unknown share" : percent(rows[0].value_share)} of the value`),
      chart(rows.map((row) => ({ ...row, label: `${capital(String(row.label))} (${bounds(row)})` })), { share: "value_share", shareHead: "Share of the value (%)", first: "Tier" })]);
    node.append(...drawn[0]);
    if (drawn.length > 1) node.append(element("details", {}, element("summary", {}, "The same by other sets of tiers"), ...drawn.slice(1).flat()));
  }

  // --- what to do
  if (data.strategies) {
    const schemes = [...groups(data.strategies, "segment_scheme").keys()].sort((a, b) => (b === "rule") - (a === "rule") || a.localeCompare(b));
    const list = element("ol", { class: "work" });
    const title = element("h3", { "aria-live": "polite" });
    const select = element("select", { id: "scheme" }, ...schemes.map((scheme) => element("option", { value: scheme }, { rule: "Segments by rule", rfm: "Engagement (RFM)", churn: "Segments that leave", cluster: "Clusters", clv_tier: "Lifetime value", study: "Segments of the study" }[scheme] || capital(spaced(scheme)))));
    const draw = () => {
      const rows = data.strategies.filter((row) => row.segment_scheme === select.value);
      title.textContent = grouped(`First: ${rows[0].strategy_name} for ${rows[0].segment_name}`);
      const pair = (term, ...lines) => element("dl", {}, element("dt", {}, term), ...lines.filter(Boolean).map((line) => element("dd", {}, line)));
      list.replaceChildren(...rows.map((row) => element("li", {},
        element("span", { class: "rank" }, String(row.priority_rank)),
        element("div", {}, element("b", {}, row.strategy_name), element("p", {}, grouped(capital(row.segment_name || ""))), row.is_test_first ? element("span", { class: "badge inconclusive" }, "test first") : null,
          row.uses_protected_attribute ? element("span", { class: "badge inconclusive" }, "by age or gender") : null),
        pair("Size", `${whole(row.reached_count)} of ${whole(row.remaining_count)} still here`, `${Number(row.effort_days).toFixed(0)} days of effort`),
        pair("Value it may keep", row.expected_kept_amount == null ? (row.expected_kept_customers == null ? "unknown" : whole(row.expected_kept_customers) + " customers") : money(row.expected_kept_amount),
          row.least_kept_amount == null ? "" : `${money(row.least_kept_amount)} to ${money(row.most_kept_amount)}`),
        pair("Offers", row.offers || "none listed for this segment", row.prerequisite ? `Before it: ${row.prerequisite}` : `Starts after ${whole(row.lead_time_days || 0)} days`))));
    };
    select.addEventListener("change", draw);
    section("strategies", "What to do", "What to do, in order of work",
      element("p", {}, element("label", { for: "scheme" }, "Segments: "), select), title,
      element("p", { class: "soft" }, "First what can start now, then by value kept per day of effort. Test first: how many customers the strategy saves is assumed so far. By age or gender: the segment's rule reads them. Amounts in the extract's currency, m for millions."), list);
    draw();
  }

  document.getElementById("nav").append(nav);
  document.getElementById("footer").append(element("p", {}, `Whiskers are Wilson's 95 % intervals. Hatched bars († ) are cells of fewer than ${smallCellSize} customers; outcomes of cells of fewer than ${minimumCellSize}, and of those from which they could be worked out, are withheld.`));
})();
