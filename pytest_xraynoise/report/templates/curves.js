// The curves: point at a rung, or step along them with the arrow keys, to read its numbers.
"use strict";
(() => {
  for (const chart of document.querySelectorAll("svg.chart")) {
    const hits = [...chart.querySelectorAll(".hit")];
    if (!hits.length) continue;
    const { width, height } = chart.viewBox.baseVal;
    const rungs = hits.map(hit => {
      const lines = hit.firstElementChild.textContent.split("\n");
      hit.firstElementChild.remove();  // or the browser would show its own beside ours
      const x = Number(hit.getAttribute("x")), wide = Number(hit.getAttribute("width"));
      return { lines, left: x, right: x + wide, x: x + wide / 2, y: Number(hit.dataset.y) };
    });
    const name = chart.querySelector("title");
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.setAttribute("aria-hidden", "true");
    const probe = document.createElement("div");
    probe.className = "probe";
    for (const [key, value] of Object.entries({
      role: "slider", tabindex: 0, "aria-label": `Rungs: ${name.textContent}`,
      "aria-valuemin": 0, "aria-valuemax": rungs.length - 1,
    })) probe.setAttribute(key, value);
    const mark = document.createElement("span");
    mark.className = "at";
    probe.append(mark);
    const plot = document.createElement("div");
    plot.className = "plot";
    chart.replaceWith(plot);
    plot.append(chart, probe, tip);
    const rows = plot.closest(".block")?.querySelectorAll(".rungs tbody tr") ?? [];

    let now = 0;
    const place = i => {
      now = Math.min(rungs.length - 1, Math.max(0, i));
      probe.setAttribute("aria-valuenow", now);
      probe.setAttribute("aria-valuetext", rungs[now].lines.join(", "));
    };
    const light = on => rows.forEach((row, i) => row.classList.toggle("lit", on && i === now));
    const hide = () => { plot.classList.remove("open"); light(false); };
    const open = i => {
      place(i);
      const rung = rungs[now];
      tip.replaceChildren(...rung.lines.map(text => {
        const line = document.createElement("p");
        line.textContent = text;
        return line;
      }));
      mark.style.left = `${100 * rung.x / width}%`;
      mark.style.top = `${100 * rung.y / height}%`;
      tip.style.top = `${100 * rung.y / height}%`;
      const right = rung.x < width / 2;
      tip.style.left = right ? `${100 * rung.x / width}%` : "auto";
      tip.style.right = right ? "auto" : `${100 - 100 * rung.x / width}%`;
      plot.classList.add("open");
      light(true);
    };
    const under = event => {
      const box = chart.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * width;
      return x < rungs[0].left || x > rungs.at(-1).right ? -1 : rungs.findIndex(rung => x <= rung.right);
    };
    place(0);
    probe.addEventListener("pointermove", event => { const i = under(event); i < 0 ? hide() : open(i); });
    probe.addEventListener("pointerdown", event => { const i = under(event); if (i >= 0) open(i); });
    probe.addEventListener("pointerleave", event => { if (event.pointerType === "mouse") hide(); });
    probe.addEventListener("focus", () => { if (probe.matches(":focus-visible")) open(now); });
    probe.addEventListener("blur", hide);
    probe.addEventListener("keydown", event => {
      const steps = { ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1, Home: 0, End: rungs.length - 1 };
      if (event.key === "Escape") hide();
      else if (event.key in steps) { event.preventDefault(); open(steps[event.key]); }
    });
  }
})();
