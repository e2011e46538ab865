// Tabs, of which a wide window shows the transcript always.

const reading = document.getElementById("reading");
const wide = matchMedia("(min-width: 64.01rem)");

function connect() {
  const tabs = [...reading.querySelectorAll("[role=tab]")];
  const shown = () => tabs.filter((tab) => tab.checkVisibility());
  const choose = (tab) => {
    reading.dataset.tab = tab.id.replace("tab-", "");
    for (const each of tabs) {
      const chosen = each === tab || (wide.matches && reading.dataset.tab === "transcript" && each.id === "tab-minutes");
      each.setAttribute("aria-selected", chosen);
      each.tabIndex = chosen ? 0 : -1;
    }
  };
  for (const tab of tabs) tab.addEventListener("click", () => choose(tab));
  reading.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const choices = shown();
    const next = choices.at((choices.indexOf(event.target) + step) % choices.length);
    choose(next);
    next.focus();
  });
  const fit = () => choose(tabs.find((tab) => tab.id === `tab-${reading.dataset.tab}`));
  wide.addEventListener("change", fit);
  fit();
}

if (reading) connect();
