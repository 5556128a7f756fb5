/** Questions under way at the same time. */
const AT_ONCE = 32;

/** Compares all items, many at once: endpoints answer questions of one moment together. */
export async function each<Item>(items: Iterable<Item>, compare: (item: Item) => Promise<void>): Promise<void> {
  const all = [...items];
  for (let from = 0; from < all.length; from += AT_ONCE) {
    await Promise.all(all.slice(from, from + AT_ONCE).map(compare));
  }
}
