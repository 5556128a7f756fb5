/**
 * The best that any market could do on a city tree without limited edges: energy goes wherever it is worth most, each
 * trade pays the fees of its own path, and every feeder has a price at which nobody on it would rather trade more or
 * less. Prices of neighbouring areas differ by at most the fee of the edge between them, and by all of it where energy
 * crosses. Prices and fees in micro-credits per kWh, energy in Wh.
 */

/** An order on a feeder. */
export interface NodalOrder {
  readonly buys: boolean;
  readonly wh: number;
  readonly limit: number;
}

/** An area with the fee of the edge above it: a feeder has orders, a district or city has areas below. */
export interface NodalArea<Order extends NodalOrder = NodalOrder> {
  readonly name: string;
  readonly fee: number;
  readonly orders: readonly Order[];
  readonly below: readonly NodalArea<Order>[];
}

/** What an area would send up at a price, Wh: at least and at most, for those at the price itself are free to. */
interface Export {
  readonly least: number;
  readonly most: number;
}

const HIGHEST = 2 ** 32;

/** Each feeder's price, by its name. `city` is the root. */
export function nodalPrices(city: NodalArea): Map<string, number> {
  const prices = new Map<string, number>();
  const settle = (area: NodalArea, price: number): void => {
    if (area.below.length === 0) prices.set(area.name, price);
    for (const child of area.below) {
      const own = balancePrice(child);
      settle(child, Math.min(price + child.fee, Math.max(price - child.fee, own)));
    }
  };
  settle(city, balancePrice(city));
  return prices;
}

/** What an order gains where it may trade all it wants at a price: micro-credits x 1,000. */
export function gainAt({ buys, wh, limit }: NodalOrder, price: number): number {
  return wh * Math.max(0, buys ? limit - price : price - limit);
}

/** The price at which the area needs nothing from outside: the middle of all that are. */
function balancePrice(area: NodalArea): number {
  const lowest = firstPrice((price) => exportAt(area, price).most >= 0);
  const above = firstPrice((price) => exportAt(area, price).least > 0);
  return Math.floor((lowest + Math.max(lowest, above - 1)) / 2);
}

function exportAt({ orders, below }: NodalArea, price: number): Export {
  let [least, most] = [0, 0];
  for (const { buys, wh, limit } of orders) {
    if (buys) {
      if (limit > price) most -= wh;
      if (limit >= price) least -= wh;
    } else {
      if (limit <= price) most += wh;
      if (limit < price) least += wh;
    }
  }
  for (const child of below) {
    // it exports when its price and the fee are below the price here, and imports when they are above
    const [out, inwards] = [exportAt(child, price - child.fee), exportAt(child, price + child.fee)];
    least += Math.max(0, out.least) + Math.min(0, inwards.least);
    most += Math.max(0, out.most) + Math.min(0, inwards.most);
  }
  return { least, most };
}

/** The first whole price at which something holds that holds from there on. */
function firstPrice(holds: (price: number) => boolean): number {
  let [low, high] = [0, HIGHEST];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
