"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const facts = {};
  for (const item of data.manifest || []) facts[item.item_kind + " " + item.item_name] = item;
  const fact = (name) => (facts[name] || {}).item_value;
  const confidence = (data.confidence || [])[0] || {};
  const z = confidence.quantile;
  const ci = `${confidence.level} CI`;
  const significanceLevel = Number(fact("setting significance_level"));
  const smallCellSize = Number(fact("setting small_cell_size"));
  const minimumCellSize = Number(fact("setting minimum_cell_size"));

  const whole = (value) => Math.round(value).toLocaleString("en");
  const percent = (share) => (100 * share).toFixed(1) + "%";
  const money = (value) => value == null ? "unknown" : Math.abs(value) >= 1e6 ? (value / 1e6).toFixed(1) + "\u00a0m" : whole(value);
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const spaced = (text) => text.replace(/_/g, " ");
  const grouped = (text) => text.replace(/\d{5,}/g, (digits) => whole(Number(digits)));
  const people = (count) => whole(count) + (count === 1 ? " customer" : " customers");
  const some = (count) => count < 9.95 ? count.toFixed(1) : whole(count); // of an expected number
  const qText = (q) => q < 0.001 ? "q < 0.001" : "q = " + q.toFixed(q < 0.1 ? 3 : 2);

  // The period of every churn rate: an outcome window, or none where churn is a flag on a snapshot.
  const total = [data.by_product_count, data.by_city, data.by_gender].find((rows) => rows && rows.every((row) => row.churned_count != null)) || data.by_product_count;
  const period = (total || [])[0] || {};
  const isSnapshot = period.churn_basis === "snapshot";
  const risk = isSnapshot ? "customers" : "at risk";
  const within = isSnapshot || period.window_days == null ? "" : ` within ${whole(period.window_days)} days`;

  function element(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) node.setAttribute(key, "");
      else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child != null && child !== ""));
    return node;
  }

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

  function scale(largest, isShare) {
    if (!(largest > 0)) return 1;
    if (isShare && largest > 0.8) return 1;
    const power = Math.pow(10, Math.floor(Math.log10(largest)));
    return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((bound) => bound >= largest * 0.9999);
  }

  function said(row) {
    if (row.value_share !== undefined) return `${row.label}: ${people(row.customers_count)}, ${row.value_share == null ? "share of the value unknown" : percent(row.value_share) + " of the value"}.`;
    const start = row.label + ": " + (row.known_outcome_count == null ? "" : people(row.customers_count) + " today; ");
    const count = row.risk_count;
    if (row.churn_rate == null) return start + (count === 0 ? "none at risk." : `${whole(count)} ${risk}, outcome ${count < minimumCellSize ? "withheld, fewer than " + minimumCellSize : "unknown or withheld"}.`);
    return `${start}churned ${whole(row.churned_count)} of ${whole(count)} ${risk} (${percent(row.churn_rate)}; ${ci} ${percent(row.churn_rate_ci_lower)} to ${percent(row.churn_rate_ci_upper)})`
      + (row.is_small_cell ? `; fewer than ${smallCellSize}, statistically weak.` : ".");
  }

  // The denominator of the rate: those with a known outcome where a mart counts today's customers beside them.
  function flagged(row) {
    const count = row.known_outcome_count ?? row.customers_count;
    return { ...row, risk_count: count, is_small_cell: row.is_small_cell ?? count < smallCellSize };
  }

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

  // Bars of customers and, beside them, of the churn rate with its interval as whiskers.
  function chart(given, { base = null, share = "churn_rate", shareHead = `Churn rate (%), whiskers: ${ci}`, first = "" } = {}) {
    const rows = given.map(flagged);
    const isToday = rows.some((row) => row.known_outcome_count != null);
    const countHead = share !== "churn_rate" || isSnapshot ? "Customers" : isToday ? "Customers today" : "Customers at risk";
    const hasShare = rows.some((row) => row[share] != null);
    const countBound = scale(Math.max(...rows.map((row) => row.customers_count)), false);
    const shareBound = scale(Math.max(base || 0, ...rows.map((row) => row.churn_rate_ci_upper || row[share] || 0)), true);
    const root = element("div", { class: "chart" + (hasShare ? "" : " one") });
    const list = element("div", { role: "list" });
    const baseText = base == null ? "" : `; dashed: all ${percent(base)}`;
    root.append(element("div", { class: "heads", "aria-hidden": "true" }, element("span", {}, first), element("span", {}, countHead + " (number)"),
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
      const line = element("div", { class: "row" + (row.is_small_cell && rate != null ? " small" : "") + (row.is_apart ? " apart" : ""), role: "listitem", tabindex: "0", "aria-label": text, "data-label": row.label },
        element("span", { class: "label" }, row.label),
        track("count", row.customers_count / countBound, whole(row.customers_count), row.customers_count / countBound),
        hasShare ? track("rate", rate == null ? null : rate / shareBound, rate == null ? missing(row, share) : percent(rate) + (row.is_small_cell && share === "churn_rate" ? " †" : ""),
          (row.churn_rate_ci_upper ?? rate ?? 0) / shareBound, extra) : null);
      line.addEventListener("mouseenter", () => showTip(line, text));
      line.addEventListener("focus", () => showTip(line, text));
      for (const leave of ["mouseleave", "blur"]) line.addEventListener(leave, () => { tip.hidden = true; });
      list.append(line);
    }
    root.append(list, element("div", { class: "axis" }, element("span", {}), axis(countBound, false), hasShare ? axis(shareBound, true) : null));
    const isRate = hasShare && share === "churn_rate";
    if (isRate && rows.some((row) => row.is_small_cell && row.churn_rate != null)) root.append(element("p", { class: "soft" }, `† hatched: fewer than ${smallCellSize} ${risk}, statistically weak.`));
    if (isRate && rows.some((row) => row.churn_rate == null && row.risk_count > 0)) root.append(element("p", { class: "soft" }, `withheld: unknown, or not published to protect cells of fewer than ${minimumCellSize} customers.`));
    root.append(table(rows, hasShare ? share : null, isToday));
    return root;
  }

  function missing(row, share) {
    if (share !== "churn_rate") return "unknown";
    return row.risk_count === 0 ? "none at risk" : "withheld";
  }

  function table(rows, share, isToday) {
    const isRate = share === "churn_rate";
    const heads = isRate ? [...(isToday ? ["Customers today"] : []), isSnapshot ? "Customers" : "At risk", "Churned", "Churn rate", ci] : share ? ["Customers", "Share of the value"] : ["Customers"];
    const outcome = (row) => row.churn_rate == null ? (row.risk_count === 0 ? ["0", "", ""] : ["withheld", "withheld", ""])
      : [whole(row.churned_count), percent(row.churn_rate), `${percent(row.churn_rate_ci_lower)} – ${percent(row.churn_rate_ci_upper)}`];
    const cells = (row) => isRate ? [...(isToday ? [whole(row.customers_count)] : []), whole(row.risk_count), ...outcome(row)]
      : [whole(row.customers_count), ...(share ? [row[share] == null ? "" : percent(row[share])] : [])];
    return element("details", {}, element("summary", {}, "Show as a table"), element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Table" }, element("table", {},
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Group"), ...heads.map((head) => element("th", { scope: "col", class: "number" }, head)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, element("th", { scope: "row" }, row.label), ...cells(row).map((cell) => element("td", { class: "number" }, cell))))))));
  }

  // What a chart of rates shows, as its title. It names a highest and a lowest value only where tests found a difference:
  // q is that of the test of all values together (undefined where the mart has none), and each row has its own against the rest.
  function headline(subject, plural, rows, q) {
    const neutral = "Churn rate" + (subject && ` by ${subject}`);
    const isDifferent = (row) => row.is_significant ?? row.q_value < significanceLevel;
    const tested = rows.map(flagged).filter((row) => row.churn_rate != null && (row.q_value != null || row.is_significant != null));
    const lowest = q ?? Math.min(...tested.map((row) => row.q_value ?? Infinity));
    if (lowest >= significanceLevel && Number.isFinite(lowest)) return `No difference between ${plural} was found (${q == null ? "lowest " : ""}${qText(lowest)})`;
    const solid = tested.filter((row) => isDifferent(row) && !row.is_small_cell && row.lift != null).sort((a, b) => b.churn_rate - a.churn_rate);
    const [most, least] = [solid.find((row) => row.lift > 1), solid.findLast((row) => row.lift < 1)];
    // a value whose rate is withheld may be higher or lower than those shown
    const shown = rows.map(flagged).some((row) => row.churn_rate == null && row.risk_count >= smallCellSize) ? " shown" : "";
    const named = [most && `highest${shown}: ${most.label} (${percent(most.churn_rate)})`, least && `lowest${shown}: ${least.label} (${percent(least.churn_rate)})`].filter(Boolean);
    return named.length ? `${neutral} – ${named.join(", ")}` : neutral;
  }
  const cutQ = (name) => ((data.cut_tests || []).find((row) => row.cut_name === name) || {}).q_value;

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
  const all = total && pooled("all customers", total);
  const base = all && all.churn_rate;
  const asOf = fact("build as_of_date");
  const inputs = (data.manifest || []).filter((item) => item.item_kind === "input");
  const header = document.getElementById("header");
  header.append(element("h1", {}, "Customers: engagement, churn, value and strategies"),
    element("p", {}, `Data: ${fact("build source_system")}${inputs.length ? " (" + inputs.map((item) => `${item.item_value}, ${whole(item.row_count)} rows`).join("; ") + ")" : ""}.`),
    element("p", { class: "soft" }, `${asOf ? "As of " + asOf : "The extract carries no dates: one snapshot"}. Build ${(data.manifest || [{}])[0].build_id}, revision ${(fact("build git_revision") || "unknown").slice(0, 10)}; all of its data tests passed.`));
  if (isSnapshot) header.append(element("p", { class: "period" }, "Churn: a flag without dates. Rates are the share of customers with the flag. They describe the snapshot and are not rates of a period."));
  else if (all && within) header.append(element("p", { class: "period" }, `Churn: of ${whole(all.customers_count)} customers at risk on ${period.observed_on}, those who churned${within}.`),
    element("p", { class: "soft" }, "Customers who had churned by that day or joined after it are not at risk."));
  if (all) {
    header.append(element("div", { class: "figures" },
      element("div", { class: "figure" }, isSnapshot ? "Customers" : "Customers at risk", element("b", {}, whole(all.customers_count))),
      all.churned_count == null ? null : element("div", { class: "figure" }, "Churned" + within, element("b", {}, whole(all.churned_count))),
      base == null ? null : element("div", { class: "figure" }, "Churn rate", element("b", {}, percent(base)),
        element("span", { class: "soft" }, `${ci} ${percent(all.churn_rate_ci_lower)} to ${percent(all.churn_rate_ci_upper)}`))));
  }

  // The cities that are selected decide what the charts by products, age and gender show. A city's row may name no value
  // where its age, gender or products are unknown.
  const byCity = groups(data.by_city_and || [], "cut_name");
  const cities = [...new Set((data.by_city_and || []).map((row) => row.city))].sort();
  const boxes = cities.map((city) => element("input", { type: "checkbox", name: "city", value: city, checked: true }));
  const isChosen = (city) => boxes.some((box) => box.checked && box.value === city);
  const isEveryCity = () => boxes.every((box) => box.checked);
  const ofCities = (cut) => [...groups((byCity.get("city x " + cut) || []).filter((row) => isChosen(row.city)), "label")]
    .map(([label, found]) => found.length === 1 ? { ...found[0], label } : pooled(label, found));
  const redraw = [];
  const drawAll = () => redraw.forEach((draw) => draw());

  // --- number of products, by city
  if (data.by_product_count) {
    const productLabel = (count) => count == null || count === "unknown" ? "number unknown" : count + (Number(count) === 1 ? " product" : " products");
    const title = element("h3", { id: "products-headline", "aria-live": "polite" });
    const place = element("div", { id: "products-chart" });
    const node = section("products", "Products and cities", "Churn by number of products and city");
    const draw = () => {
      const chosen = cities.filter(isChosen);
      const isAll = isEveryCity();
      const rows = isAll
        ? data.by_product_count.map((row) => ({ ...row, label: productLabel(row.product_count) }))
        : ofCities("product_count")
          .sort((a, b) => (Number.isNaN(+a.label) ? Infinity : +a.label) - (Number.isNaN(+b.label) ? Infinity : +b.label))
          .map((row) => ({ ...row, label: productLabel(row.label) }));
      const where = isAll ? "All cities" : chosen.join(" and ");
      if (!rows.length) {
        title.textContent = "No city is selected: select at least one.";
        place.replaceChildren();
        return;
      }
      // of a selection there is no test, and a city's own total may be published where its cells are withheld
      const cityRows = (data.by_city || []).filter((row) => chosen.includes(row.label));
      const sum = isAll ? all : pooled(where, cityRows.length === chosen.length ? cityRows : rows);
      title.textContent = `${where}: ` + (sum.churn_rate == null ? `${whole(sum.customers_count)} ${risk}, outcome withheld.` : `churned ${whole(sum.churned_count)} of ${whole(sum.customers_count)} ${risk} (${percent(sum.churn_rate)}).`)
        + (isAll && rows.length > 1 ? ` ${headline("number of products", "numbers of products", rows, cutQ("product_count"))}.` : "");
      place.replaceChildren(chart(rows, { base, first: "Number of products" }));
    };
    if (cities.length > 1) {
      const everyone = element("button", { type: "button" }, "All cities");
      everyone.addEventListener("click", () => { boxes.forEach((box) => { box.checked = true; }); drawAll(); });
      boxes.forEach((box) => box.addEventListener("change", drawAll));
      node.append(element("fieldset", {}, element("legend", {}, "Cities (select one or several; also for age and gender below)"), ...boxes.map((box) => element("label", {}, box, box.value)), everyone));
    }
    node.append(title, place);
    redraw.push(draw);
    draw();
  }

  // --- churn by dimension
  const cuts = [["by_age", "age", "age bands", "age_band"], ["by_gender", "gender", "genders", "gender"], ["by_city", "city", "cities", "city"], ["by_product", "product", "holders of a product and others"]].filter(([key]) => data[key]);
  if (cuts.length) {
    const subjects = cuts.map(([, subject]) => subject);
    const node = section("cuts", capital(subjects.join(", ")), "Churn by " + subjects.join(", ").replace(/, (\w+)$/, " and $1"));
    for (const [key, subject, plural, cut] of cuts) {
      const mainSet = fact("setting age_band_set");
      const sets = key === "by_age" ? [...groups(data[key], "age_band_set")].sort(([a], [b]) => (b === mainSet) - (a === mainSet)) : [[null, data[key]]];
      const drawn = sets.map(([set, rows]) => {
        const named = rows.map((row) => ({ ...row, label: spaced(String(row.label ?? "unknown")) }));
        const isOther = set && set !== mainSet;
        const title = headline(subject + (isOther ? ` (bands: ${spaced(set)})` : ""), plural, named, cut && cutQ(isOther ? `${cut} (${set})` : cut));
        const heading = element("h3", {}, title);
        const place = element("div", { id: isOther ? null : `${subject}-chart` }, chart(named, { base, first: capital(subject) }));
        if (!isOther && byCity.has("city x " + cut)) {
          const order = named.map((row) => row.label);
          redraw.push(() => {
            const selected = isEveryCity() ? named
              : ofCities(cut).map((row) => ({ ...row, label: spaced(row.label) })).sort((a, b) => order.indexOf(a.label) - order.indexOf(b.label));
            heading.textContent = isEveryCity() ? title : `${cities.filter(isChosen).join(" and ") || "No city"}: churn by ${subject}`;
            place.replaceChildren(...(selected.length ? [chart(selected, { base, first: capital(subject) })] : []));
          });
        }
        return [heading, place];
      });
      node.append(...drawn[0]);
      if (drawn.length > 1) node.append(element("details", {}, element("summary", {}, "Other sets of age bands"), ...drawn.slice(1).flat()));
    }
    if (data.by_product) node.append(element("p", { class: "soft" }, "A customer may hold several products, so these rows add up to more than all customers at risk. Each product's holders are compared with the customers who do not hold it."));
  }

  // --- engagement
  const atRisk = within ? `Customers today: all customers in the group now, including churned ones. Churn rate: of customers in the group and at risk on ${period.observed_on}.` : "";
  if (data.rfm) {
    const node = section("rfm", "Engagement", "Engagement: RFM segments",
      element("p", { class: "soft" }, "RFM: how recently (recency), how often (frequency) and with how much money (monetary) customers were in contact or bought. " + atRisk));
    for (const [scheme, rows] of groups(data.rfm, "rfm_scheme")) {
      const largest = rows[0];
      node.append(element("h3", {}, `${capital(spaced(scheme))}: the largest segment is ${largest.label} (${people(largest.customers_count)})`), chart(rows, { base, first: "Segment" }));
    }
  }
  if (data.clusters) {
    const node = section("clusters", "Clusters", "Clusters of customers", atRisk && element("p", { class: "soft" }, atRisk));
    for (const [set, rows] of groups(data.clusters, "cluster_set")) {
      const known = rows.map((row) => ({ ...row, label: row.label || "unnamed" }));
      node.append(element("h3", {}, `${capital(spaced(set))}: ${rows.length} ${rows.length === 1 ? "cluster" : "clusters"}, largest: ${[...known].sort((a, b) => b.customers_count - a.customers_count)[0].label}`), chart(known, { base: set === "customers" ? base : null, first: "Cluster" }));
      const readings = known.filter((row) => row.reading);
      if (readings.length) node.append(element("ul", { class: "soft" }, ...readings.map((row) => element("li", {}, `${row.label}: ${row.reading}`))));
    }
  }

  // --- intervals, segments, hypotheses
  if (data.intervals) {
    const node = section("intervals", "Intervals", "Churn by intervals of each feature",
      element("p", { class: "soft" }, "Intervals were found in the discovery half of the customers. The figures are those of the confirmation half."));
    const features = [...groups(data.intervals, "feature_name")].filter(([, rows]) => rows.some((row) => row.is_significant));
    const others = [...groups(data.intervals, "feature_name")].filter(([, rows]) => !rows.some((row) => row.is_significant));
    const part = ([feature, rows]) => {
      // the words that all labels begin with name the feature
      const words = rows.map((row) => row.label.split(" "));
      let shared = 0;
      while (words.every((list) => list.length > shared + 1 && list[shared] === words[0][shared])) shared += 1;
      const name = words[0].slice(0, shared).join(" ") || spaced(feature).replace(/^(is|has) /, "");
      const subject = shared ? name : ""; // labels such as "not active" need no feature before them
      const named = rows.map((row, at) => ({ ...row, label: grouped(words[at].slice(shared).join(" ")) }));
      return [element("h3", {}, headline(subject, "intervals", named) + (rows[0].is_leak ? " – may have been measured after churn" : "")), chart(named, { base, first: capital(name) })];
    };
    features.slice(0, 4).forEach((feature) => node.append(...part(feature)));
    if (features.length > 4) node.append(element("details", {}, element("summary", {}, `${features.length - 4} further features with a difference`), ...features.slice(4).flatMap(part)));
    if (others.length) node.append(element("p", { class: "soft" }, `No difference was found for: ${others.map(([feature]) => spaced(feature).replace(/^(is|has) /, "")).join(", ")}.`));
  }
  if (data.segments) {
    section("segments", "Churn segments", data.segments.length === 1 ? "1 confirmed segment with raised churn" : `${data.segments.length} confirmed segments with raised churn`,
      element("p", { class: "soft" }, "Segments were found in the discovery half of the customers. The figures are those of the confirmation half."),
      chart(data.segments.map((row) => ({ ...row, label: grouped(capital(row.label)) })), { base, first: "Segment" }));
  }
  if (data.hypotheses) {
    const statements = [...groups(data.hypotheses, "statement")];
    const held = statements.filter(([, rows]) => rows.some((row) => row.verdict === "different")).length;
    const tests = { welch: "means (Welch)", mann_whitney: "ranks (Mann-Whitney)", two_proportion_z: "two proportions (z)", chi_square: "several proportions (chi-square)" };
    section("hypotheses", "Hypotheses", `${held} of ${statements.length} registered hypotheses are supported by at least one test`,
      element("p", { class: "soft" }, "different: a difference was found. equivalent: any difference is negligible. inconclusive: neither was shown. q is the p-value corrected for the number of tests. Tests of means and of ranks answer different questions and may disagree."),
      element("table", { class: "findings" }, element("thead", {}, element("tr", {}, ...["Verdict", "Finding", "Test"].map((head) => element("th", { scope: "col" }, head)))),
        element("tbody", {}, ...data.hypotheses.map((row) => element("tr", {}, element("td", {}, element("span", { class: "badge " + (row.verdict || "inconclusive") }, row.verdict || "withheld")), element("td", {}, grouped(row.sentence || row.statement)), element("td", { class: "soft" }, tests[row.test_name] || spaced(row.test_name)))))));
  }

  // --- value
  if (data.clv_tiers) {
    const node = section("value", "Lifetime value", "Customer lifetime value by tier",
      element("p", { class: "soft" }, "Bounds of the tiers in brackets, in the extract's currency. Shares are of the value of all customers."));
    const bounds = (row) => row.lower_bound_amount == null ? `below ${money(row.upper_bound_amount)}` : row.upper_bound_amount == null ? `from ${money(row.lower_bound_amount)}` : `${money(row.lower_bound_amount)} to below ${money(row.upper_bound_amount)}`;
    const drawn = [...groups(data.clv_tiers, "tier_set")].map(([set, rows]) => [
      element("h3", {}, `${capital(spaced(set))}: ${people(rows[0].customers_count)} of the ${rows[0].label} tier hold ${rows[0].value_share == null ? "an unknown share" : percent(rows[0].value_share)} of the value`),
      chart(rows.map((row) => row.label === "churned" ? { ...row, label: "Churned, in no tier", is_apart: true } : { ...row, label: `${capital(String(row.label))} (${bounds(row)})` }), { share: "value_share", shareHead: "Share of the value (%)", first: "Tier" })]);
    node.append(...drawn[0]);
    if (drawn.length > 1) node.append(element("details", {}, element("summary", {}, "Other sets of tiers"), ...drawn.slice(1).flat()));
  }

  // --- what to do
  if (data.strategies) {
    const schemes = [...groups(data.strategies, "segment_scheme").keys()].sort((a, b) => (b === "rule") - (a === "rule") || a.localeCompare(b));
    const list = element("ol", { class: "work" });
    const title = element("h3", { "aria-live": "polite" });
    const select = element("select", { id: "scheme" }, ...schemes.map((scheme) => element("option", { value: scheme }, { rule: "Segments by rule", rfm: "Engagement (RFM)", churn: "Churn segments", cluster: "Clusters", clv_tier: "Lifetime value", study: "Segments of the study" }[scheme] || capital(spaced(scheme)))));
    const draw = () => {
      const rows = data.strategies.filter((row) => row.segment_scheme === select.value);
      title.textContent = grouped(`First: ${rows[0].strategy_name} for ${rows[0].segment_name}`);
      const pair = (term, ...lines) => element("dl", {}, element("dt", {}, term), ...lines.filter(Boolean).map((line) => element("dd", {}, line)));
      list.replaceChildren(...rows.map((row) => element("li", {},
        element("span", { class: "rank" }, String(row.priority_rank ?? "–")),
        element("div", {}, element("b", {}, row.strategy_name), element("p", {}, grouped(capital(row.segment_name || ""))), row.is_test_first ? element("span", { class: "badge inconclusive" }, "test first") : null,
          row.uses_protected_attribute ? element("span", { class: "badge inconclusive" }, "by age or gender") : null),
        pair("Reach", `can reach ${whole(row.reached_count)} of ${whole(row.remaining_count)} current customers`, `${some(Number(row.effort_days))} days of effort`),
        pair("Expected to churn", row.expected_churned_customers == null ? "unknown" : `${some(row.expected_churned_customers)} of ${whole(row.remaining_count)} (${percent(row.planning_churn_rate)})`,
          row.is_descriptive_only ? "if the rate of the snapshot recurs" : "", row.is_extrapolated ? `extrapolated from ${whole(row.window_days)} days` : ""),
        pair("May keep (low to high)", row.expected_kept_amount == null ? (row.expected_kept_customers == null ? "unknown" : some(row.expected_kept_customers) + " customers") : money(row.expected_kept_amount),
          row.least_kept_amount == null ? "" : `${money(row.least_kept_amount)} to ${money(row.most_kept_amount)}`),
        pair("Offers", row.offers || "none listed for this segment", row.prerequisite ? `Prerequisite: ${row.prerequisite}` : "", `Lead time: ${whole(row.lead_time_days || 0)} days`))));
    };
    select.addEventListener("change", draw);
    const planning = isSnapshot ? "" : ` Expected to churn: within ${whole(Number(fact("setting planning_days")))} days.`;
    section("strategies", "Strategies", "Strategies by priority",
      element("p", {}, element("label", { for: "scheme" }, "Segments: "), select), title,
      element("p", { class: "soft" }, `Strategies that can start now come first, then those that wait for a check, then those that need something built; within each, those that keep most per day of effort.${planning} May keep: remaining balances, in the extract's currency (m: millions). Test first: the save rate is an assumption, or the segment's customers have changed. By age or gender: the segment's rule uses them.`), list);
    draw();
  }

  document.getElementById("nav").append(nav);
  document.getElementById("footer").append(element("p", {}, `Whiskers: ${ci} (Wilson). Hatched bars (†): fewer than ${smallCellSize} ${risk}. Outcomes of cells of fewer than ${minimumCellSize} customers are withheld, as are those of other cells from which they could be derived.`));
})();
