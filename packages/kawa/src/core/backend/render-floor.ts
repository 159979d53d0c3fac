/** By epoch, the number of the newest value. */
export type ShownFloor = Readonly<Record<string, number>>;

/** A render tells a floor by links whose addresses are `prefix:epoch:seq:…`: of the page itself, so they fetch nothing. */
export const floorPrefix = "#kawa";
