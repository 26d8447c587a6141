// The page follows the system's colours until the reader chooses; `themechange` tells the charts.
(() => {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  const button = document.createElement("button");
  button.type = "button";
  button.className = "theme";
  const show = () => {
    button.textContent = isDark() ? "Light mode" : "Dark mode";
    document.dispatchEvent(new CustomEvent("themechange", { detail: { dark: isDark() } }));
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", () => { if (!root.dataset.theme) show(); });
  document.querySelector(".page > header").append(button);
  show();
})();
