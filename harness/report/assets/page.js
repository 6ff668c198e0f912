// What a reader can do with a page that is whole without this: sort, filter, take another reference, share a view.
// The view is in the address, after the `#`. What stands there may come from anybody: it is only compared with what
// the page knows. Texts are put into the page as text, never as markup.
"use strict";

(() => {
  const FACETS = ["backend", "device", "dtype", "workload", "class", "outcome"];
  const OF_A_TARGET = ["backend", "device", "class"]; // the marks of a target in a picture follow these
  const LONGEST_SEARCH = 200;
  const UNKNOWN = "–";
  const { compare } = new Intl.Collator("en", { numeric: true });

  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
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
    const made = make("button", { type: "button" }, words);
    made.addEventListener("click", act);
    return made;
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
      slots: ["ratio", "verdict"].map((role) => ({ written: row.cells[column(role)], now: row.cells[column(role)] })),
    }));
    const orders = heads.flatMap((_, at) => [`${element.id}:${at}:asc`, `${element.id}:${at}:desc`]);
    const [note, count] = [make("p", { class: "note", hidden: "" }), make("p", { class: "count", hidden: "" })];
    element.closest(".scroll").before(note, count);
    return { element, heads, rows, orders, note, count, order: "" };
  }

  function valuesOf(facet) {
    return Array.from(new Set(facets.map((one) => one[facet]).filter(Boolean))).sort(compare);
  }

  // -- the view, and the address that holds it

  const known = new Map([
    ["ref", rivals],
    ["off", targets],
    ["theme", ["light", "dark"]],
    ["sort", tables.flatMap(({ orders }) => orders)],
    ...FACETS.map((facet) => [`f-${facet}`, valuesOf(facet)]),
  ]);
  let view = new URLSearchParams();
  const now = (key) => view.get(key) || "";
  const set = (key, value) => (value ? view.set(key, value) : view.delete(key));

  // Return what an address asks for, as far as this page knows it. One without a `=` is that of a place.
  function read(hash) {
    const isView = hash.includes("=");
    const found = new URLSearchParams(isView ? "" : view);
    found.delete("at");
    for (const [key, value] of new URLSearchParams(isView ? hash : { at: hash })) {
      if (key === "q") found.set(key, value.slice(0, LONGEST_SEARCH));
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
    for (let fold = place.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
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
      if (column === String(at)) head.setAttribute("aria-sort", `${direction}ending`);
      else head.removeAttribute("aria-sort");
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
      const chosen = now(`f-${facet}`);
      return !chosen || !said[facet] || said[facet] === chosen;
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
    const kept = facets.filter((said) => fits(said, OF_A_TARGET)).map((said) => said.target);
    const gone = targets.filter((target) => off.includes(target) || !kept.includes(target));
    for (const { classList, dataset } of all("figure [data-target]")) {
      classList.toggle(classList.contains("key") ? "dim" : "gone", gone.includes(dataset.target));
    }
  }

  function toggle(target) {
    if (view.has("off", target)) view.delete("off", target);
    else view.append("off", target);
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("figure .key[data-target]")?.dataset.target;
    if (targets.includes(target)) change(() => toggle(target));
  });

  // -- another reference: tables

  const byKey = new Map(contests.map((contest) => [contest.key, contest]));
  const followers = new Map(
    tables.flatMap(({ rows }) => rows.filter(follows).map((row) => [row.element.id || row, row.slots])),
  );
  let followed = ""; // the reference that the page shows now

  function follows({ slots: [ratio], facets: said }) {
    return ratio.now && [undefined, "measured"].includes(said?.outcome);
  }

  function follow() {
    if (followed === now("ref")) return;
    followed = now("ref");
    for (const slots of followers.values()) {
      if (followed) put(slots, null, "no reference");
      else for (const slot of slots) swap(slot, slot.written);
    }
    for (const contest of followed ? contests : []) {
      for (const [target, ids] of contest.arms) {
        const { ratio, word } = beside(contest, target);
        if (word) ids.filter((id) => followers.has(id)).forEach((id) => put(followers.get(id), ratio, word));
      }
    }
    for (const table of tables) {
      table.order = null; // it may be sorted by ratios
      table.note.hidden = !followed || !table.rows[0]?.slots[0].now;
      table.note.textContent = `You chose ${followed}: time / reference and the verdict here are beside it.`;
    }
    pictures.forEach(followInPicture);
  }

  // Return the ratio of a target to the chosen one, and the word for it; no word where the chosen one has no time.
  function beside({ arms, ratios }, target) {
    const place = (wanted) => arms.findIndex(([other]) => other === wanted);
    const [base, at] = [place(rivals.indexOf(followed)), place(target)];
    if (base < 0 || at < 0) return { ratio: null };
    if (base === at) return { ratio: [1, null, null], word: "reference" };
    const found = ratios[base][at];
    return found ? { ratio: found.slice(0, 3), word: words[found[3]] } : { ratio: null, word: "not-comparable" };
  }

  function put([first, second], ratio, word) {
    const value = ratio && { "data-v": ratio[0] };
    swap(first, make("td", { ...value }, ratio ? shown(ratio) : UNKNOWN));
    const look = `is-${word.replace(/[^a-z]+/g, "-")}`;
    swap(second, make("td", { class: look }, word));
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
    const note = make("p", { class: "note", hidden: "" });
    figure.append(note);
    return { figure, region, written, now: written, note, label: region.getAttribute("aria-label") };
  });

  function followInPicture(picture) {
    const { figure, region, written, note, label } = picture;
    const drawn = followed ? drawnAgain(figure, written) : written;
    swap(picture, drawn || written);
    region.hidden = !drawn;
    region.setAttribute("aria-label", followed ? `${label}, but beside ${followed}` : label);
    figure.querySelector("figcaption").hidden = Boolean(followed);
    note.hidden = !followed;
    note.textContent = drawn
      ? `You chose ${followed}: the marks are drawn beside it. Where it has no time, there are none.`
      : `You chose ${followed}, and this picture cannot follow: it is hidden. The tables have the ratios.`;
  }

  // Return lanes with marks and numbers at their new places, or null where that cannot be.
  function drawnAgain(figure, written) {
    const { x0, x1 } = written.dataset;
    if (figure.dataset.kind !== "lanes" || !written.querySelector(".axis .grid")) return null;
    const copy = written.cloneNode(true);
    const groups = all("[data-target]:not(.key)", copy);
    const ratios = groups.map(({ dataset: { lane, target } }) =>
      byKey.has(lane) ? beside(byKey.get(lane), rivals.indexOf(target)).ratio : null,
    );
    const values = ratios.flatMap((ratio) => ratio || []).filter((value) => value > 0);
    if (!values.length) return null;
    const scale = scaleOf([1, ...values], Number(x0), Number(x1));
    putTicks(copy.querySelector(".axis"), scale);
    for (const rule of all(":scope > path.faint", copy)) moved(rule, scale.at(1));
    groups.forEach((group, at) => putMark(group, ratios[at], scale));
    const heading = `time over that of ${followed.slice(0, 80)}`;
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
    const at = (value) => Number((x0 + ((Math.log(value) - low) / wide) * (x1 - x0)).toFixed(2));
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

  function putMark(group, ratio, { at }) {
    const mark = group.querySelector("circle, path:not([fill=none])");
    if (!mark) return; // a word says what became of this one
    if (!ratio) {
      group.remove();
      return;
    }
    const [value, low, high] = ratio;
    const [x, y] = middleOf(mark);
    dressed(mark, { transform: `translate(${at(value) - x} 0)` });
    group.querySelector("path[fill=none]")?.remove();
    if (low !== null && high !== null) {
      const bar = document.createElementNS(mark.namespaceURI, "path");
      const looks = { class: mark.getAttribute("class"), stroke: "currentColor", "stroke-width": 1.8 };
      mark.before(dressed(bar, { ...looks, d: `M${at(low)} ${y}L${at(high)} ${y}` }));
    }
    group.dataset.tip = `${group.dataset.tip.replace(/: [^:]*$/, "")}: ${shown(ratio)} x ${followed}`;
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

  function entry(key, label, input) {
    return control(label, dressed(input, { name: key }), "value", () => now(key), (value) => set(key, value));
  }

  function choice(key, label, none) {
    const options = ["", ...known.get(key)].map((value) => make("option", { value }, value || none));
    return options.length > 2 ? [entry(key, label, make("select", {}, ...options))] : [];
  }

  function tick(target) {
    const box = make("input", { type: "checkbox", name: "off", value: target });
    return control(target, box, "checked", () => !view.has("off", target), () => toggle(target));
  }

  function unfold(label, open) {
    return button(label, () => {
      for (const fold of folds) fold.open = open;
    });
  }

  function reset() {
    for (const key of ["q", "off", ...FACETS.map((facet) => `f-${facet}`)]) view.delete(key);
  }

  const parts = [
    make("summary", {}, "View"),
    ...choice("ref", "reference", "the run's own"),
    ...FACETS.flatMap((facet) => choice(`f-${facet}`, facet, "all")),
    entry("q", "case has", make("input", { type: "search", maxlength: LONGEST_SEARCH })),
    make("fieldset", {}, make("legend", {}, "targets"), ...targets.map(tick)),
    status,
    button("Show all rows", () => change(reset)),
    ...choice("theme", "theme", "as the system"),
    unfold("Open all", true),
    unfold("Close all", false),
  ];
  const panel = make("section", { class: "controls", "aria-label": "View" }, make("details", { open: "" }, ...parts));
  document.querySelector(".side").append(panel);
  if (matchMedia("(max-width: 72rem)").matches) for (const fold of all(".side details")) fold.open = false;

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
  for (const code of all(":is(th, td) > code", main)) {
    const parts = code.textContent.split(/(?<=[[,/])|(?=@)/);
    code.replaceChildren(...parts.flatMap((part) => [part, make("wbr", {})]));
  }

  // -- on paper, and at the start

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = folds.filter((fold) => !fold.open);
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });
  addEventListener("hashchange", arrive);
  arrive();
})();
