// What a reader can do with a page that is whole without this: sort, filter, take another reference, share a view. The
// view is in the address, and may come from anybody: it is only compared with what the page knows. No text is markup.
"use strict";

(() => {
  const FACETS = ["backend", "device", "dtype", "workload", "class", "outcome"];
  const OF_A_TARGET = ["backend", "device", "class"]; // the marks of a target in a picture follow these
  const UNKNOWN = "–";
  const MARK = "circle, path:not([fill=none])";
  const { compare } = new Intl.Collator("en", { numeric: true });

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const held = (id) => JSON.parse(document.getElementById(id).textContent);

  function dressed(element, attributes) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  function make(tag, attributes, ...inside) {
    const made = dressed(document.createElement(tag), attributes);
    made.append(...inside);
    return made;
  }

  function button(words, act) {
    const made = make("button", {}, words);
    made.addEventListener("click", act);
    return made;
  }

  // Return a paragraph on top of a place, hidden until it has something to say.
  function remark(place) {
    place.prepend(make("p", { class: "note", hidden: "" }));
    return place.firstChild;
  }

  function setOpen(some, open) {
    for (const one of some) one.open = open;
  }

  // -- what the page holds

  const main = document.querySelector("main");
  const facets = held("facets");
  const { targets: rivals, words, contests } = held("contests");
  const folds = all("details", main);
  const tables = all("table", main).map(tableOf);
  const targets = valuesOf("target");
  const status = make("p", { role: "status" });
  const controls = []; // functions that make the controls show the view

  function tableOf(element) {
    const heads = all("thead th", element);
    const column = (role) => heads.findIndex((head) => head.dataset.role === role);
    const rows = Array.from(element.tBodies[0].rows, (row) => ({
      element: row,
      facets: facets[row.dataset.f],
      name: row.cells[column("case")]?.textContent.toLowerCase(),
      slots: ["ratio", "verdict"].map(column).map((at) => ({ written: row.cells[at], now: row.cells[at] })),
    }));
    const orders = heads.flatMap((_, at) => [`${element.id}:${at}:asc`, `${element.id}:${at}:desc`]);
    const place = element.closest(".table");
    return { element, heads, rows, orders, count: remark(place), note: remark(place), order: "" };
  }

  function valuesOf(facet) {
    return [...new Set(facets.flatMap((one) => one[facet] ?? []))].sort(compare);
  }

  // -- the view, and the address that holds it

  const known = new Map([
    ["ref", rivals],
    ["off", targets],
    ["theme", ["light", "dark"]],
    ["sort", tables.flatMap(({ orders }) => orders)],
    ...FACETS.map((facet) => [facet, valuesOf(facet)]),
  ]);
  let view = new URLSearchParams();
  const now = (key) => view.get(key) || "";

  // Return what an address asks for, as far as this page knows it. One without a `=` is that of a place.
  function read(hash) {
    const isView = hash.includes("=");
    const found = new URLSearchParams(isView ? "" : view);
    found.delete("at");
    for (const [key, value] of new URLSearchParams(isView ? hash : { at: hash })) {
      if (key === "q") found.set(key, value);
      if (key === "at" && document.getElementById(value)) found.set(key, value);
      if (known.get(key)?.includes(value)) found.append(key, value);
    }
    return found;
  }

  function remember() {
    const [place, hash] = [now("at"), String(view)];
    const end = hash === `at=${place}` ? place : hash;
    history.replaceState(null, "", location.href.split("#")[0] + (end && `#${end}`));
  }

  function change(act) {
    act();
    show();
    remember();
  }

  function arrive() {
    view = read(location.hash.slice(1));
    show();
    remember();
    const place = document.getElementById(now("at"));
    if (!place) return;
    setOpen(folds.filter((one) => one.contains(place)), true);
    place.scrollIntoView();
  }

  function show() {
    document.documentElement.dataset.theme = now("theme");
    follow();
    tables.forEach(sort);
    filter();
    for (const synchronise of controls) synchronise();
  }

  // -- sorting

  function sort(table) {
    const order = table.orders.find((one) => view.has("sort", one)) || "";
    if (table.order === order) return;
    table.order = order;
    const [, column, direction] = order.split(":");
    table.heads.forEach((head, at) => {
      head.ariaSort = column === String(at) ? `${direction}ending` : null;
    });
    const sorted = order ? inOrder(table.rows, column, direction === "asc" ? 1 : -1) : table.rows;
    table.element.tBodies[0].append(...sorted.map((row) => row.element));
  }

  function inOrder(rows, column, sign) {
    const keyed = rows.map((row) => [row, ...keyOf(row.element.cells[column])]);
    keyed.sort(([, kind, n, text], [, kind2, n2, text2]) => kind - kind2 || sign * (n - n2 || compare(text, text2)));
    return keyed.map(([row]) => row);
  }

  // Numbers come before words, and what is not known comes last, however a column is sorted.
  function keyOf({ dataset, textContent }) {
    if (dataset.v !== undefined) return [0, Number(dataset.v), ""];
    return [textContent === UNKNOWN ? 2 : 1, 0, textContent];
  }

  function turn({ order, orders }, column) {
    const [up, down] = orders.slice(2 * column);
    const next = { [up]: down, [down]: "" }[order] ?? up;
    for (const one of orders) view.delete("sort", one);
    if (next) view.append("sort", next);
  }

  for (const table of tables.filter(({ rows }) => rows.length > 1)) {
    table.heads.forEach((head, at) => {
      const made = button("", () => change(() => turn(table, at)));
      made.title = head.title || "Sort by this column";
      made.append(...head.childNodes);
      head.removeAttribute("title");
      head.append(made);
    });
  }

  // -- filtering

  // A row that does not say a facet is not judged by it.
  function fits(said, among) {
    return among.every((facet) => {
      const chosen = now(facet);
      return !chosen || !said[facet] || [said[facet]].flat().includes(chosen);
    });
  }

  function filter() {
    const text = now("q").trim().toLowerCase();
    const off = view.getAll("off");
    const hides = ({ facets: said, name }) =>
      off.includes(said.target) || !fits(said, FACETS) || name?.includes(text) === false;
    let [left, of] = [0, 0];
    for (const { rows, count } of tables) {
      const judged = rows.filter((row) => row.facets);
      for (const row of judged) row.element.hidden = hides(row);
      const kept = judged.filter((row) => !row.element.hidden).length;
      count.hidden = kept === judged.length;
      count.textContent = `${kept} of ${judged.length} rows pass the filter.`;
      [left, of] = [left + kept, of + judged.length];
    }
    status.textContent = `${left} of ${of} rows`;
    const blind = ["q", "dtype", "workload", "outcome"].some((key) => now(key));
    for (const note of all(".whole")) note.hidden = !blind;
    const kept = facets.filter((said) => fits(said, OF_A_TARGET)).map((said) => said.target);
    const gone = targets.filter((target) => off.includes(target) || !kept.includes(target));
    for (const { classList, dataset } of all("figure [data-target]")) {
      classList.toggle(classList.contains("key") ? "dim" : "gone", gone.includes(dataset.target));
    }
  }

  const toggle = (target) => (view.has("off", target) ? view.delete("off", target) : view.append("off", target));

  document.addEventListener("click", (event) => {
    const target = event.target.closest("figure .key[data-target]")?.dataset.target;
    if (targets.includes(target)) change(() => toggle(target));
  });

  // -- another reference: tables

  const byKey = new Map(contests.map((contest) => [contest.key, contest]));
  const contested = contests.flatMap(({ arms }) => arms.flatMap(([, ids]) => ids));
  const followers = new Map(
    tables.flatMap(({ rows }) => rows.filter(follows).map((row) => [row.element.id || row, row.slots])),
  );
  let followed = ""; // the reference that the page shows now

  // A row follows where it has a ratio, or could have one.
  function follows({ element, slots: [ratio] }) {
    return ratio.now && ("v" in ratio.now.dataset || contested.includes(element.id));
  }

  function follow() {
    if (followed === now("ref")) return;
    followed = now("ref");
    for (const slots of followers.values()) {
      if (followed) put(slots, { word: UNKNOWN });
      else for (const slot of slots) swap(slot, slot.written);
    }
    for (const contest of followed ? contests : []) {
      for (const [target, ids] of contest.arms) {
        for (const id of ids) if (followers.has(id)) put(followers.get(id), beside(contest, target));
      }
    }
    for (const table of tables) {
      table.order = null; // it may be sorted by ratios
      table.note.hidden = !followed || !table.rows[0]?.slots[0].now;
      table.note.textContent = `You chose ${followed}: ratios and verdicts here are beside it, where they are known.`;
    }
    pictures.forEach(followInPicture);
  }

  // Return the word for a target beside the chosen one, and its ratio where there is one.
  function beside({ arms, ratios }, target) {
    const [base, at] = [rivals.indexOf(followed), target].map((one) => arms.findIndex(([other]) => other === one));
    if (at < 0) return {};
    if (base < 0) return { word: "no reference" };
    if (base === at) return { word: "reference", ratio: [1, null, null] };
    const [ratio, low, high, word, back] = (base < at ? ratios[base][at - base - 1] : ratios[at][base - at - 1]) ?? [];
    if (!ratio) return { word: "not-comparable" };
    // Each pair is in the page once; the other way round, a ratio is its inverse.
    return base < at
      ? { word: words[word], ratio: [ratio, low, high] }
      : { word: words[back], ratio: [ratio, high, low].map((value) => value && 1 / value) };
  }

  function put([first, second], { word, ratio }) {
    const value = ratio && { "data-v": ratio[0] };
    swap(first, make("td", { ...value }, ratio ? shown(ratio) : UNKNOWN));
    swap(second, make("td", { class: `is-${word.replace(/[^a-z]+/g, "-")}` }, word));
  }

  function swap(slot, element) {
    slot.now?.replaceWith(element);
    slot.now &&= element;
  }

  // As many digits as the interval supports: those with which the page was written.
  function shown([ratio, low, high]) {
    if (low === null || high === null) return ratio === 1 ? "1" : ratio.toFixed(decimals(ratio / 50));
    const [middle, from, to] = [ratio, low, high].map((value) => value.toFixed(decimals((high - low) / 2)));
    return `${middle} [${from}, ${to}]`;
  }

  function decimals(half) {
    return half > 0 ? Math.min(Math.max(2, -Math.floor(Math.log10(half))), 6) : 2;
  }

  // -- another reference: pictures

  const pictures = all("figure[data-relative]").map((figure) => {
    const [region, written] = [figure.querySelector(".scroll"), figure.querySelector("svg")];
    return { figure, region, written, now: written, note: remark(figure), label: region.ariaLabel };
  });

  function followInPicture(picture) {
    const { figure, region, written, note, label } = picture;
    const drawn = followed ? drawnAgain(written) : written;
    swap(picture, drawn || written);
    region.ariaLabel = followed ? `${label}, but beside ${followed}` : label;
    figure.classList.toggle("lost", !drawn);
    note.hidden = !followed;
    const does = drawn ? "Marks are beside it, where there is a ratio" : "This picture cannot follow: the tables do";
    note.textContent = `You chose ${followed}. ${does}. The words below are of the run's own reference.`;
  }

  // Return lanes with marks and numbers at their new places, or null where that cannot be.
  function drawnAgain(written) {
    const { x0, x1 } = written.dataset;
    if (!written.querySelector(".axis .grid")) return null; // a map, or lanes of words
    const copy = written.cloneNode(true);
    const groups = all("[data-target]:not(.key)", copy);
    const found = groups.map(({ dataset: { lane, target } }) =>
      beside(byKey.get(lane) ?? { arms: [] }, rivals.indexOf(target)),
    );
    const values = found.flatMap(({ ratio }) => ratio ?? []).filter((value) => value > 0);
    if (!values.length) return null;
    const scale = scaleOf([1, ...values], Number(x0), Number(x1));
    putTicks(copy.querySelector(".axis"), scale);
    for (const rule of all(":scope > path.faint", copy)) moved(rule, scale.at(1));
    groups.forEach((group, at) => putMark(group, found[at], scale));
    const heading = `Time over that of ${followed.slice(0, 80)}`;
    const [title, unit] = all(":scope > text", copy);
    title.textContent = title.textContent.includes("indicative") ? `${heading}, indicative` : heading;
    unit.textContent = `${heading}: left is faster`;
    for (const text of all(":scope > title, :scope > desc", copy)) text.textContent = title.textContent;
    return copy;
  }

  function scaleOf(values, x0, x1) {
    const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
    const air = Math.max(0.06 * (most - least), (0.05 - (most - least)) / 2);
    const [low, wide] = [least - air, most - least + 2 * air];
    const at = (value) => x0 + ((Math.log(value) - low) / wide) * (x1 - x0);
    const steps = Array.from({ length: 7 }, (_, step) => Math.exp(low + (wide * (step + 0.5)) / 7));
    return { at, ticks: [1, ...steps.map((value) => Number(value.toPrecision(wide > 0.4 ? 2 : 3)))] };
  }

  function putTicks(axis, { at, ticks }) {
    const [rules, numbers] = [all(".grid", axis), all("text", axis)];
    const taken = [];
    for (const tick of ticks) {
      const x = at(tick);
      if (taken.some((other) => Math.abs(x - other) < 48)) continue; // the numbers would touch
      taken.push(x);
      const number = dressed(numbers[0].cloneNode(), { x });
      number.textContent = tick;
      axis.append(moved(rules[0].cloneNode(), x), number);
    }
    for (const old of [...rules, ...numbers]) old.remove();
  }

  function moved(rule, x) {
    const [, top, , bottom] = numbersOf(rule);
    return dressed(rule, { d: `M${x} ${top}L${x} ${bottom}` });
  }

  // Put the mark of a target, as the legend has it, where its ratio is.
  function putMark(group, { word, ratio }, { at }) {
    const [there, paper] = [group.querySelector(MARK), group.querySelector("rect")];
    if (!there && !word) return; // it tells what became of an arm that has no time
    if (!ratio) {
      group.remove();
      return;
    }
    const { target, tip } = group.dataset;
    const key = all(".key", group.closest("svg")).find(({ dataset }) => dataset.target === target);
    const mark = key.querySelector(MARK).cloneNode();
    const [value, low, high] = ratio;
    const [x, y] = middleOf(mark);
    const row = there ? middleOf(there)[1] : Number(paper.getAttribute("y")) + Number(paper.getAttribute("height")) / 2;
    group.replaceChildren(dressed(mark, { transform: `translate(${at(value) - x} ${row - y})` }));
    if (low !== null && high !== null) {
      const bar = document.createElementNS(mark.namespaceURI, "path");
      const looks = { class: mark.getAttribute("class"), fill: "none", "stroke-width": 1.8 };
      mark.before(dressed(bar, { ...looks, d: `M${at(low)} ${row}L${at(high)} ${row}` }));
    }
    group.dataset.tip = `${tip.replace(/: [^:]*$/, "")}: ${shown(ratio)} x ${followed}`;
  }

  function middleOf(mark) {
    if (mark.tagName === "circle") return ["cx", "cy"].map((name) => Number(mark.getAttribute(name)));
    return [0, 1].map((axis) => {
      const along = numbersOf(mark).filter((_, at) => at % 2 === axis);
      return (Math.min(...along) + Math.max(...along)) / 2;
    });
  }

  function numbersOf(path) {
    return path.getAttribute("d").match(/-?[\d.]+/g).map(Number);
  }

  // -- tips: by pointing, and by arrow keys where a picture has the focus

  const tip = make("div", { class: "tip", role: "status" });
  let lit = null;

  function tell(element, text = "") {
    lit?.classList.remove("lit");
    lit = element;
    lit?.classList.add("lit");
    tip.textContent = text;
    if (!element) return;
    const { left, top, bottom } = element.getBoundingClientRect();
    const below = bottom + 8 + tip.offsetHeight < innerHeight;
    tip.style.left = `${Math.max(8, Math.min(left, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${below ? bottom + 8 : top - tip.offsetHeight - 8}px`;
  }

  function step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const groups = all("g[data-tip]", event.currentTarget).filter((group) => group.getClientRects().length);
    if (event.key === "Escape") tell(null);
    if (!by || !groups.length) return;
    event.preventDefault();
    const at = groups.indexOf(lit);
    const next = groups.at(at < 0 && by < 0 ? -1 : (at + by) % groups.length);
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
    tell(next, next.dataset.tip);
  }

  document.addEventListener("pointerover", (event) => {
    const group = event.target.closest("g[data-tip]");
    if (group !== lit) tell(group, group?.dataset.tip);
  });

  for (const region of all("figure .scroll")) {
    for (const title of all("g > title", region)) {
      title.parentNode.dataset.tip = title.textContent; // taken away, or the browser would show it once more
      title.remove();
    }
    region.addEventListener("keydown", step);
    region.addEventListener("blur", () => tell(null));
    region.addEventListener("focus", () => {
      if (region.matches(":focus-visible")) tell(region, "Left and right arrow keys tell the values one by one.");
    });
  }
  main.append(tip);

  // -- controls

  function control(label, input, property, get, put) {
    input.addEventListener("input", () => change(() => put(input[property])));
    controls.push(() => {
      input[property] = get();
    });
    return make("label", {}, ...(property === "checked" ? [input, label] : [label, input]));
  }

  function entry(label, input) {
    const key = input.name;
    const set = (value) => (value ? view.set(key, value) : view.delete(key));
    return control(label, input, "value", () => now(key), set);
  }

  function choice(name, none, label = name) {
    const options = ["", ...known.get(name)].map((value) => make("option", { value }, value || none));
    return options.length > 2 ? [entry(label, make("select", { name }, ...options))] : [];
  }

  function tick(target) {
    const box = make("input", { type: "checkbox", name: "off", value: target });
    return control(target, box, "checked", () => !view.has("off", target), () => toggle(target));
  }

  const panel = make(
    "details",
    { open: "" },
    make("summary", {}, "View"),
    ...choice("ref", "the run's own", "reference"),
    ...FACETS.flatMap((facet) => choice(facet, "all")),
    entry("case has", make("input", { type: "search", name: "q" })),
    make("fieldset", {}, make("legend", {}, "targets"), ...targets.map(tick)),
    status,
    button("Show all rows", () => change(() => ["q", "off", ...FACETS].forEach((key) => view.delete(key)))),
    ...choice("theme", "as the system"),
    button("Open all", () => setOpen(folds, true)),
    button("Close all", () => setOpen(folds, false)),
  );
  document.querySelector(".side").append(make("section", { class: "controls", "aria-label": "View" }, panel));
  if (matchMedia("(max-width: 72rem)").matches) setOpen(all(".side details"), false);

  for (const code of all(".code code")) {
    const copy = button("Copy", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code); // where copying is not allowed, one key is left to press
        copy.textContent = "Selected";
      }
    });
    code.closest(".code").prepend(copy);
  }

  // Long names go on in the next line at a sign.
  const columns = [1, 2, 3, 4, 5, 6, 7, 8].map((at) => `.c${at} tbody :is(th, td):nth-child(${at})`);
  for (const code of all(`:is(th, td) > code, ${columns}`, main)) {
    code.replaceChildren(...code.textContent.split(/(?<=[[,/])|(?=@)/).flatMap((part) => [part, make("wbr", {})]));
  }

  // -- on paper, and at the start

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = folds.filter((one) => !one.open);
    setOpen(closed, true);
  });
  addEventListener("afterprint", () => setOpen(closed, false));
  addEventListener("hashchange", arrive);
  arrive();
})();
