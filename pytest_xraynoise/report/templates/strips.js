// A slider and a flicker between the clean picture of a strip and a noisy one. Without this script
// every picture is in its row all the same.
"use strict";
(() => {
  const PAUSE = 500;  // ms: two changes a second, below the three flashes of WCAG 2.3.1
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const made = (tag, fields, ...inside) => {
    const element = Object.assign(document.createElement(tag), fields);
    element.append(...inside);
    return element;
  };
  const words = frame => frame.querySelector(".rung b").textContent + ", "
    + frame.querySelector(".amount").textContent;
  const copies = frame => [...frame.querySelectorAll(".picture img")].map(image => {
    const copy = image.cloneNode();
    copy.alt = "";
    return copy;
  });

  function viewer(strip) {
    const frames = [...strip.querySelectorAll(".frames > li")];
    if (frames.length < 2) return;
    const [clean, ...noisy] = frames;
    const first = noisy.find(frame => frame.classList.contains("broken")) ?? noisy.at(-1);
    const name = strip.querySelector("figcaption b").textContent;

    const layer = made("span", { className: "noisy" });
    const picture = made("span", { className: "picture wipe", role: "img" }, ...copies(clean), layer,
      made("span", { className: "edge" }));
    const range = made("input", { type: "range", min: "0", max: "100", value: "50", step: "1" });
    const severity = made("select", {}, ...noisy.map(frame =>
      made("option", { textContent: words(frame), selected: frame === first })));
    const flicker = made("button", { type: "button" });
    const box = made("div", { className: "compare" }, picture,
      made("div", { className: "controls" },
        made("label", {}, made("span", { textContent: "Clean against severity" }), severity),
        made("label", {}, made("span", { textContent: "Share of the picture that is noisy" }), range,
          made("span", { className: "ends" },
            made("span", { textContent: "clean" }), made("span", { textContent: "noisy" }))),
        flicker));
    let timer = 0;
    let swapped = false;

    const cut = percent => {
      box.style.setProperty("--noisy", percent + "%");
      range.setAttribute("aria-valuetext", percent + "% noisy");
    };
    const rest = () => {  // back to what the slider says
      clearInterval(timer);
      timer = 0;
      swapped = false;
      box.classList.remove("flickers");
      flicker.setAttribute("aria-pressed", "false");
      flicker.textContent = still.matches ? "Show the noisy picture" : "Flicker";
      cut(Number(range.value));
    };
    const swap = () => {
      swapped = !swapped;
      cut(swapped ? 100 : 0);
    };
    const choose = () => {
      const frame = noisy[severity.selectedIndex];
      layer.replaceChildren(...copies(frame));
      picture.setAttribute("aria-label", name + ": clean, and at severity " + words(frame));
    };

    range.addEventListener("input", rest);
    severity.addEventListener("change", choose);
    flicker.addEventListener("click", () => {
      if (still.matches) {
        const noisyNow = flicker.getAttribute("aria-pressed") !== "true";
        box.classList.add("flickers");
        flicker.setAttribute("aria-pressed", String(noisyNow));
        cut(noisyNow ? 100 : 0);
      } else if (timer) {
        rest();
      } else {
        box.classList.add("flickers");
        flicker.setAttribute("aria-pressed", "true");
        flicker.textContent = "Stop the flicker";
        swap();
        timer = setInterval(swap, PAUSE);
      }
    });
    still.addEventListener("change", rest);
    choose();
    rest();
    strip.querySelector(".frames").before(box);
  }

  document.querySelectorAll(".strip").forEach(viewer);
})();
