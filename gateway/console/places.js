// Places of a page that are drawn once their answers have come.

import { h } from "./view.js";

const latest = new WeakMap();

// What `show(box)` draws takes the place of what is there, unless something newer was begun or the page was left meanwhile: says whether it did. What `show` returns has the focus.
export async function fill(place, show) {
  const box = h("div", { className: "drawn" });
  latest.set(place, box);
  const focused = await show(box);
  if (latest.get(place) !== box) return false;
  place.replaceChildren(box);
  focused?.focus();
  return true;
}

// Of a page that is left nothing stays, nor does what is still on its way.
export function empty(...places) {
  for (const place of places) {
    latest.delete(place);
    place.replaceChildren();
  }
}
