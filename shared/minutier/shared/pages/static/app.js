// What every page has: menus that close, dialogs, the search key, and the reader's time zone.

import { enable, enabled, onKey } from "./keys.js";

const YEAR = 365 * 24 * 3600;

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const kept = document.cookie.split("; ").find((each) => each.startsWith("minutier_zone="));
if (zone && kept !== `minutier_zone=${zone}`) {
  document.cookie = `minutier_zone=${zone}; Path=/; Max-Age=${YEAR}; SameSite=Lax`;
  // The page was written for another clock.
  if (document.cookie.includes(zone) && document.querySelector("time")) location.reload();
}

const menus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target) || event.target.closest(".menu-item")) menu.open = false;
  const opens = event.target.closest("[data-opens]");
  if (opens) document.getElementById(opens.dataset.opens).showModal();
  const closes = event.target.closest("[data-closes]");
  if (closes) closes.closest("dialog").close();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
});

document.addEventListener("focusin", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

onKey("/", () => document.getElementById("find")?.focus());
onKey("?", () => document.getElementById("keys")?.showModal());

const keysSwitch = document.getElementById("keys-switch");
if (keysSwitch) {
  keysSwitch.checked = enabled();
  keysSwitch.addEventListener("change", () => enable(keysSwitch.checked));
}
