// Tables that sort, filter, page and download. The rows stand in the document; a cell's exact value
// is its title where it has one, else its text.
(() => {
  "use strict";
  const PAGE = 50;
  const FEW = 12;  // A column with no more different texts is filtered by choosing one.
  const collator = new Intl.Collator(undefined, { numeric: true });

  const make = (tag, properties = {}, children = []) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const missing = (cell) => cell.classList.contains("missing");
  const exact = (cell) => (missing(cell) ? "" : cell.title || cell.textContent);

  // Numbers as numbers, integers beyond 2^53 exactly; NaN stands with the missing cells.
  const number = (text) => {
    const value = Number(text);
    if (Number.isNaN(value)) return null;
    return /^-?\d{16,}$/.test(text) ? BigInt(text) : value;
  };
  const keyOf = (column) => (cell) => {
    if (missing(cell)) return null;
    const text = exact(cell);
    if (column.type === "number") return number(text);
    if (column.levels) return column.levels.indexOf(text);
    return text;
  };
  const before = (a, b) => {
    if (typeof a === "string") return collator.compare(a, b);
    return a < b ? -1 : a > b ? 1 : 0;
  };

  // ">5", "<= 3", "1..10", "=7", or a piece of text; "missing" finds the missing cells.
  const condition = (column, typed) => {
    const wanted = typed.trim();
    if (wanted === "") return null;
    if (wanted.toLowerCase() === "missing") return missing;
    const ordered = column.type === "number" || column.type === "date";
    const value = (text) => (column.type === "number" ? number(text.replaceAll(",", "")) : text);
    const range = /^(\S+?)\s*\.\.\s*(\S+)$/.exec(wanted);
    if (ordered && range) {
      const [low, high] = [value(range[1]), value(range[2])];
      // A bound like 2024-06 takes in all that begins with it.
      const upTo = (key) => key <= high || (column.type === "date" && key.startsWith(high));
      return (cell) => !missing(cell) && value(exact(cell)) >= low && upTo(value(exact(cell)));
    }
    const compared = /^(<=|>=|<|>|=)\s*(.+)$/.exec(wanted);
    if (ordered && compared) {
      const bound = value(compared[2]);
      const test = {
        "<": (key) => key < bound, "<=": (key) => key <= bound, ">": (key) => key > bound,
        ">=": (key) => key >= bound, "=": (key) => key == bound,
      }[compared[1]];
      return (cell) => {
        if (missing(cell)) return false;
        const key = value(exact(cell));
        return key !== null && test(key);
      };
    }
    return contains(wanted);
  };
  const contains = (wanted) => {
    const piece = wanted.trim().toLocaleLowerCase();
    return (cell) => cell.textContent.toLocaleLowerCase().includes(piece) ||
      cell.title.includes(piece);
  };

  // RFC 4180; missing cells are empty.
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const save = (name, text) => {
    const link = make("a", {
      href: URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" })),
      download: name,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  const enliven = (table) => {
    const body = table.tBodies[0];
    const all = [...body.rows];
    const columns = [...table.tHead.rows[0].cells].map((head, index) => ({
      head, index, name: head.dataset.name ?? head.textContent, type: head.dataset.type,
      levels: head.dataset.levels && JSON.parse(head.dataset.levels),
      drawn: "drawn" in head.dataset, test: null,
    }));
    const cell = (row, column) => row.cells[column.index];
    let rows = all;
    let page = 0;
    let search = null;
    let order = null;

    const count = make("span", { className: "count note" });
    count.setAttribute("role", "status");
    const step = (text, by) => {
      const button = make("button", { type: "button", textContent: text });
      button.addEventListener("click", () => { page += by; show(); });
      return button;
    };
    const back = step("Previous", -1);
    const on = step("Next", 1);

    const show = () => {
      const pages = Math.max(1, Math.ceil(rows.length / PAGE));
      page = Math.min(Math.max(page, 0), pages - 1);
      const shown = rows.slice(page * PAGE, (page + 1) * PAGE);
      body.replaceChildren(...shown);
      back.hidden = on.hidden = all.length <= PAGE;
      back.disabled = page === 0;
      on.disabled = page === pages - 1;
      const few = rows.length === all.length ? "" : ` of ${all.length}`;
      count.textContent = rows.length > PAGE
        ? `Rows ${page * PAGE + 1}\u2013${page * PAGE + shown.length} of ${rows.length}` +
          (few ? ` (${all.length} in all)` : "")
        : `${rows.length}${few} ${all.length === 1 ? "row" : "rows"}`;
    };
    const choose = () => {
      const tests = columns.filter((column) => column.test);
      rows = all.filter((row) => tests.every((column) => column.test(cell(row, column))) &&
        (!search || columns.some((column) => !column.drawn && search(cell(row, column)))));
      if (order) {
        const key = keyOf(order.column);
        // Missing cells come last in both directions; ties keep their order.
        rows = rows.map((row) => [key(cell(row, order.column)), row]).sort(([a], [b]) => {
          if (a === null || b === null) return (a === null) - (b === null);
          return order.down ? before(b, a) : before(a, b);
        }).map(([, row]) => row);
      }
      page = 0;
      show();
    };

    for (const column of columns) {
      if (column.drawn || column.head.hidden) continue;
      const button = make("button", { type: "button", className: "sort" });
      button.append(...column.head.childNodes);
      column.head.append(button);
      button.addEventListener("click", () => {
        const down = order?.column === column && !order.down;
        const off = order?.column === column && order.down;
        order?.column.head.removeAttribute("aria-sort");
        order = off ? null : { column, down };
        if (order) column.head.setAttribute("aria-sort", down ? "descending" : "ascending");
        choose();
      });
    }

    const tools = make("div", { className: "tools" });
    if (all.length > 1 && !("plain" in table.dataset)) {
      const box = make("input", { type: "search", placeholder: "Search" });
      box.setAttribute("aria-label", `Search ${table.dataset.title}`);
      box.addEventListener("input", () => {
        search = box.value.trim() ? contains(box.value) : null;
        choose();
      });
      const filters = filterRow(columns, all, cell, choose);
      table.tHead.append(filters);
      const toggle = make("button", { type: "button", textContent: "Filter columns" });
      toggle.setAttribute("aria-expanded", "false");
      toggle.addEventListener("click", () => {
        filters.hidden = !filters.hidden;
        toggle.setAttribute("aria-expanded", String(!filters.hidden));
      });
      tools.append(box, toggle);
    }
    const download = make("button", { type: "button", textContent: "Download CSV" });
    download.addEventListener("click", () => {
      const kept = columns.filter((column) => !column.drawn);
      const lines = [kept.map((column) => column.name),
        ...rows.map((row) => kept.map((column) => exact(cell(row, column))))];
      save(`${table.dataset.file}.csv`,
        lines.map((line) => line.map(quoted).join(",") + "\n").join(""));
    });
    tools.append(download, back, on, count);
    table.closest(".scroll").before(tools);
    addEventListener("beforeprint", () => body.replaceChildren(...rows));
    addEventListener("afterprint", show);
    show();
  };

  const filterRow = (columns, all, cell, choose) => {
    const row = make("tr", { className: "filters", hidden: true });
    for (const column of columns) {
      const place = make("th", { hidden: column.head.hidden });
      row.append(place);
      if (column.drawn) continue;
      const texts = new Set(all.map((line) => cell(line, column).textContent));
      const few = column.type === "text" && texts.size <= FEW && texts.size < all.length;
      const field = few
        ? make("select", {}, [new Option("all", "")].concat(
          [...texts].sort(collator.compare).map((text, i) => new Option(text, `${i + 1}`))))
        : make("input", { type: "search", placeholder: hint(column) });
      field.setAttribute("aria-label", `Filter ${column.name}`);
      field.addEventListener("input", () => {
        const chosen = few && field.value ? field.selectedOptions[0].text : null;
        column.test = few ? chosen !== null && ((c) => c.textContent === chosen)
          : condition(column, field.value);
        choose();
      });
      place.append(field);
    }
    return row;
  };
  const hint = (column) => ({ number: "> 5, 1..10", date: "> 2024-05" })[column.type] ?? "";

  document.querySelectorAll("table.data").forEach(enliven);
})();
