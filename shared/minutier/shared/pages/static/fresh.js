// Having the page show how things are now.

/** Read the page again, and have it show how things are now. */
export async function refresh() {
  let response;
  try {
    response = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
  } catch {
    return;
  }
  if (!response.ok || response.redirected) return location.reload();
  show(await response.text());
}

/** Have the parts of the page that may change show what `html` has of them. */
export function show(html) {
  const now = new DOMParser().parseFromString(html, "text/html");
  const parts = [...now.querySelectorAll("[data-fresh]")];
  if (parts.some((part) => !document.getElementById(part.id))) return location.reload();
  for (const part of parts) renew(document.getElementById(part.id), part);
  document.dispatchEvent(new CustomEvent("fresh", { detail: now }));
}

function renew(old, fresh) {
  if (old.innerHTML === fresh.innerHTML) return;
  const held = old.contains(document.activeElement) && document.activeElement.id;
  const open = [...old.querySelectorAll("details[open]")].map((each) => [...old.querySelectorAll("details")].indexOf(each));
  const chosen = old.tagName === "SELECT" && old.value;
  old.replaceChildren(...fresh.childNodes);
  for (const number of open) old.querySelectorAll("details")[number]?.setAttribute("open", "");
  if (held) document.getElementById(held)?.focus();
  if (chosen) old.value = chosen;
}
