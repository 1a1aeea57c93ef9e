"use strict";
// Shows the clauses that contain what is typed. The page says everything without this script; it only hides.
(() => {
  const box = document.getElementById("filter");
  const said = document.getElementById("filter-said");
  const clauses = [...document.querySelectorAll("[data-clause]")];
  const texts = clauses.map((clause) => clause.textContent.toLowerCase());
  const groups = [...document.querySelectorAll("details[data-group]")];
  const wasOpen = groups.map((group) => group.open);
  document.getElementById("filter-form").hidden = false;
  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    clauses.forEach((clause, index) => {
      const fits = wanted.every((word) => texts[index].includes(word));
      clause.hidden = !fits;
      if (fits) shown += 1;
    });
    groups.forEach((group, index) => {
      const any = group.querySelector("[data-clause]:not([hidden])") !== null;
      group.hidden = wanted.length > 0 && !any;
      group.open = wanted.length > 0 ? any : wasOpen[index];
    });
    said.textContent = wanted.length > 0 ? `${shown} of ${clauses.length} entries` : "";
  });
  document.getElementById("filter-form").addEventListener("submit", (event) => event.preventDefault());
})();
