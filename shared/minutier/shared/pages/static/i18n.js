// What scripts say, in the page's language.

const { default: messages } = await import(`./messages.${document.documentElement.lang}.js`);

/** `text` in the page's language, with what `%(name)s` stands for. */
export function _(text, values = {}) {
  return (messages[text] || text).replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}

/** A place in a recording: `0:07`, `12:30`, `1:02:03`. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export function percent(fraction) {
  return new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(fraction);
}
