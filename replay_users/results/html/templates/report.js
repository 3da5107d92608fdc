"use strict";
// Sorting, finding, copying and unfolding: comfort only. Nothing here writes markup, and the page is complete without it.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  document.documentElement.classList.add("scripted");

  const say = (id, shown, whole) => {
    const output = document.getElementById(id);
    if (output) output.textContent = shown === whole ? "" : `${shown.toLocaleString("en")} of ${whole.toLocaleString("en")}`;
  };

  // Sorting: a click or Enter on a header; a second one turns it round.
  const table = document.getElementById("table-endpoints");
  const valueOf = (body, column) => body.rows[0].cells[column].dataset.v ?? "";
  const sort = (header, column) => {
    const isNumber = header.dataset.sort === "num";
    const first = isNumber ? "descending" : "ascending";
    const order = header.getAttribute("aria-sort") === first ? (isNumber ? "ascending" : "descending") : first;
    const way = order === "ascending" ? 1 : -1;
    const bodies = [...table.tBodies];
    const compare = isNumber
      ? (a, b) => Number(valueOf(a, column)) - Number(valueOf(b, column))
      : (a, b) => valueOf(a, column).localeCompare(valueOf(b, column), "en");
    all("th[aria-sort]", table.tHead).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", order);
    table.append(...bodies.sort((a, b) => way * compare(a, b)));
  };
  if (table) {
    all("th", table.tHead).forEach((header, column) => {
      if (header.dataset.sort === "none") return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(header, column));
      header.append(button);
    });
    const find = document.getElementById("find-endpoints");
    const show = document.getElementById("show-endpoints");
    const filter = () => {
      const wanted = find.value.toLowerCase();
      let shown = 0;
      for (const body of table.tBodies) {
        const fits = body.dataset.name.toLowerCase().includes(wanted) && (!show.value || body.dataset.flags.includes(show.value));
        body.hidden = !fits;
        shown += fits;
      }
      say("found-endpoints", shown, table.tBodies.length);
    };
    find.addEventListener("input", filter);
    show.addEventListener("change", filter);
    if (find.value || show.value) filter();
  }

  const changes = document.getElementById("find-changes");
  if (changes) {
    const blocks = all("[data-find]").map((block) => [block, null]);
    const filter = () => {
      const wanted = changes.value.toLowerCase();
      let shown = 0;
      for (const entry of blocks) {
        entry[1] ??= entry[0].textContent.toLowerCase();
        const fits = entry[1].includes(wanted);
        entry[0].hidden = !fits;
        shown += fits;
      }
      say("found-changes", shown, blocks.length);
    };
    changes.addEventListener("input", filter);
    if (changes.value) filter();
  }

  for (const button of all("[data-unfold]")) {
    button.addEventListener("click", () => {
      const found = all(button.dataset.unfold);
      const open = !found.every((details) => details.open);
      found.forEach((details) => { details.open = open; });
      button.textContent = open ? "Fold all" : "Unfold all";
    });
  }

  // Copying: the text that stands there, as it is.
  const copied = async (button, text) => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(button.previousElementSibling);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  for (const block of all(".copy")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", () => copied(button, block.firstElementChild.textContent));
    block.append(button);
  }

  // A link to something inside of what is folded opens it.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
