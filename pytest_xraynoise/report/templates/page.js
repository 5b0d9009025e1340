// The table of tests: sort, filter, search, a view for each model. The page says all without it.
"use strict";
(() => {
  const at = id => document.getElementById(id);
  const index = JSON.parse(at("index").textContent);
  const table = at("tests-table");
  const made = (tag, fields, ...inside) => {
    const element = Object.assign(document.createElement(tag), fields);
    element.append(...inside);
    return element;
  };

  const copy = at("copy");
  if (copy) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      const text = at("command").textContent;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        getSelection().selectAllChildren(at("command"));
        document.execCommand("copy");
      }
      copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy"; }, 2000);
    });
  }
  if (!table) return;

  const body = table.tBodies[0];
  const tests = index.tests.map((test, order) => ({
    ...test, order, row: body.rows[order], entry: at(test.id),
  }));
  const nothing = () => ({ kinds: new Set(), model: "", noise: "", find: "", by: "verdict", down: false });
  let state = nothing();
  let view = "";  // the address of the model that is looked at alone

  // ---- what is shown, and in which order
  const key = test => state.by === "verdict" ? test.order : test.keys[state.by] ?? null;
  const compared = (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return (x === null) - (y === null) || a.order - b.order;
    const found = typeof x === "number" && typeof y === "number"
      ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
    return (state.down ? -found : found) || a.order - b.order;
  };
  const wanted = test =>
    (!state.kinds.size || state.kinds.has(test.kind))
    && (!view || test.model === index.models[view])
    && (!state.model || test.model === state.model)
    && (!state.noise || test.noise === state.noise)
    && state.find.toLowerCase().split(/\s+/).every(word => test.text.includes(word));

  const chips = [...document.querySelectorAll(".chip")];
  const selects = { model: at("by-model"), noise: at("by-noise") };
  const column = at("by-column");
  const heads = [...table.tHead.querySelectorAll("th[data-key]")];

  function show() {
    let count = 0;
    for (const test of tests) {
      const hit = wanted(test);
      count += hit;
      test.row.classList.toggle("out", !hit);
      test.entry.classList.toggle("out", !hit);
    }
    body.append(...[...tests].sort(compared).map(test => test.row));
    for (const group of document.querySelectorAll(".model")) {
      const mine = tests.filter(test => group.contains(test.entry));
      group.classList.toggle("out", mine.every(test => test.row.classList.contains("out")));
    }
    for (const head of heads) {
      if (head.dataset.key === state.by) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    const here = tests.filter(test => !view || test.model === index.models[view]);
    for (const chip of chips) {
      const { kind, word, words } = chip.dataset;
      const mine = here.filter(test => test.kind === kind).length;
      chip.lastElementChild.textContent = `${mine} ${mine === 1 ? word : words}`;
      chip.classList.toggle("none", !mine);
      chip.setAttribute("aria-pressed", state.kinds.has(kind));
    }
    for (const [name, select] of Object.entries(selects)) if (select) select.value = state[name];
    column.value = state.by;
    if (at("find").value !== state.find) at("find").value = state.find;
    const all = here.length;
    const some = state.kinds.size || state.model || state.noise || state.find;
    at("clear").disabled = !some;
    at("shown").textContent = some ? `${count} of ${all} tests` : `${all} ${all === 1 ? "test" : "tests"}`;
  }

  // ---- the address says what is shown: #verdict=fail&noise=poisson, or the place of one test
  function write() {
    const found = new URLSearchParams();
    if (view) found.set("view", view);
    if (state.kinds.size) found.set("verdict", [...state.kinds].join(","));
    for (const name of ["model", "noise", "find"]) if (state[name]) found.set(name, state[name]);
    if (state.by !== "verdict" || state.down) found.set("sort", (state.down ? "-" : "") + state.by);
    try {
      history.replaceState(null, "", `#${found}` === "#" ? "#tests" : `#${found}`);
    } catch { /* a frame may forbid it; the page works all the same */ }
  }
  function changed(changes) {
    Object.assign(state, changes);
    show();
    write();
  }
  function look(model) {
    view = model;
    document.body.classList.toggle("one-model", Boolean(model));
    const head = at("view");
    head.hidden = !model;
    head.replaceChildren();
    if (!model) return;
    const back = made("a", { href: "#overview", textContent: "← All models" });
    head.append(back, made("h2", {}, made("bdi", { textContent: index.models[model] })));
    const mine = at(model).querySelector(".counts");
    if (mine) head.append(mine.cloneNode(true));
  }
  function go() {
    const hash = location.hash.slice(1);  // our own addresses hold letters, digits and hyphens
    if (hash.includes("=")) {
      const said = new URLSearchParams(location.hash.slice(1));
      const kinds = tests.map(test => test.kind);
      const sort = said.get("sort") || "verdict";
      const by = sort.replace(/^-/, "");
      state = {
        kinds: new Set((said.get("verdict") || "").split(",").filter(kind => kinds.includes(kind))),
        model: tests.some(test => test.model === said.get("model")) ? said.get("model") : "",
        noise: tests.some(test => test.noise === said.get("noise")) ? said.get("noise") : "",
        find: said.get("find") || "",
        by: heads.some(head => head.dataset.key === by) ? by : "verdict",
        down: sort.startsWith("-"),
      };
      look(Object.hasOwn(index.models, said.get("view") ?? "") ? said.get("view") : "");
      show();
      return;
    }
    if (Object.hasOwn(index.models, hash)) {
      state = nothing();
      look(hash);
      show();
      at("view").focus({ preventScroll: true });
      scrollTo(0, 0);
      return;
    }
    const target = at(hash);
    const test = target && tests.find(one => one.entry.contains(target));
    if (test ? !wanted(test) : hash === "overview") {
      if (test || view) state = nothing();
      look("");
      show();
      target?.scrollIntoView();
    }
  }

  // ---- the controls
  for (const head of heads) {
    const button = made("button", { type: "button", textContent: head.textContent });
    button.addEventListener("click", () => {
      const name = head.dataset.key;
      changed({ by: name, down: state.by === name ? !state.down : head.dataset.first === "down" });
    });
    column.append(made("option", { value: head.dataset.key, textContent: head.textContent }));
    head.replaceChildren(button);
  }
  column.addEventListener("change", () => {
    const head = heads.find(one => one.dataset.key === column.value);
    changed({ by: column.value, down: head.dataset.first === "down" });
  });
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      const kinds = new Set(state.kinds);
      if (!kinds.delete(chip.dataset.kind)) kinds.add(chip.dataset.kind);
      changed({ kinds });
    });
  }
  for (const [name, select] of Object.entries(selects)) {
    if (!select) continue;
    for (const value of new Set(tests.map(test => test[name]))) {
      select.append(made("option", { value, textContent: value.length > 60 ? `${value.slice(0, 59)}…` : value }));
    }
    select.addEventListener("change", () => changed({ [name]: select.value }));
  }
  at("find").addEventListener("input", () => changed({ find: at("find").value.trimStart() }));
  at("clear").addEventListener("click", () => changed({ kinds: new Set(), model: "", noise: "", find: "" }));
  at("controls").addEventListener("submit", event => event.preventDefault());
  at("controls").hidden = false;
  addEventListener("hashchange", go);
  show();
  go();
})();
