// Draws the charts in the page's colours. Expressions are interpreted, so that the page's policy
// can refuse eval; a chart that cannot be drawn leaves its words standing.
(() => {
  "use strict";
  const themes = JSON.parse(document.getElementById("chart-themes").textContent);
  const charts = [...document.querySelectorAll(".chart")].map((figure) => ({
    figure,
    plot: figure.querySelector(".plot"),
    paper: figure.querySelector(".on-paper"),
    name: figure.dataset.file,
    spec: JSON.parse(figure.querySelector("script").textContent),
    view: null,
  }));
  // Nothing is ever loaded, not even where a specification asks for it.
  const loader = vega.loader();
  loader.load = (uri) => Promise.reject(new Error(`a report loads nothing: ${uri}`));
  // The page's colours go before those the specification was made with.
  const coloured = (chart, dark) => {
    const spec = structuredClone(chart.spec);
    spec.config = vega.mergeConfig({}, spec.config ?? {}, themes[dark ? "dark" : "light"]);
    return spec;
  };
  const options = (chart, dark) => ({
    ast: true, mode: "vega-lite", renderer: "svg", loader, logLevel: vega.Error,
    actions: { export: true, source: false, compiled: false, editor: false },
    downloadFileName: chart.name, tooltip: { theme: dark ? "dark" : "light" },
  });

  const draw = async (chart, dark) => {
    try {
      chart.view?.finalize();
      chart.view = null;
      const result = await vegaEmbed(chart.plot, coloured(chart, dark),
        options(chart, dark));
      chart.view = result.view;
      chart.figure.classList.add("drawn");
      await forPaper(chart, dark);
    } catch (error) {
      chart.figure.classList.remove("drawn");
      chart.plot.textContent = `This chart could not be drawn: ${error.message}`;
    }
  };
  // Paper is light whatever the screen is.
  const forPaper = async (chart, dark) => {
    chart.figure.classList.toggle("two", dark);
    if (!dark || chart.paper.firstChild) return;
    const { view } = await vegaEmbed(chart.paper, coloured(chart, false),
      { ...options(chart, false), actions: false, tooltip: false, hover: false });
    view.finalize();
  };

  // Selections of linked charts follow each other: what one stores under a parameter's name, the
  // others store too.
  const selections = (spec) => (spec.params ?? []).filter((p) => p.select).map((p) => p.name);
  const link = (group) => {
    for (const from of group) {
      for (const name of selections(from.spec)) {
        from.view?.addDataListener(`${name}_store`, (_, tuples) => {
          for (const to of group) {
            if (to !== from && to.view && selections(to.spec).includes(name)) follow(to, name, tuples);
          }
        });
      }
    }
  };
  const plain = (tuples) => JSON.stringify(tuples);
  const follow = (chart, name, tuples) => {
    const store = `${name}_store`;
    if (plain(chart.view.data(store)) === plain(tuples)) return;
    const copies = tuples.map((tuple) => ({ ...tuple }));
    chart.view.change(store, vega.changeset().remove(() => true).insert(copies)).runAsync();
  };

  let turn = 0;
  const drawAll = async (dark) => {
    const mine = ++turn;
    for (const chart of charts) {
      await draw(chart, dark);
      if (mine !== turn) return;
    }
    const groups = Map.groupBy
      ? Map.groupBy(charts, (chart) => chart.figure.dataset.link ?? "")
      : charts.reduce((map, chart) => {
        const key = chart.figure.dataset.link ?? "";
        return map.set(key, [...(map.get(key) ?? []), chart]);
      }, new Map());
    for (const [name, group] of groups) if (name !== "") link(group);
    document.documentElement.dataset.charts = "drawn";
  };
  document.addEventListener("themechange", (event) => drawAll(event.detail.dark));
})();
