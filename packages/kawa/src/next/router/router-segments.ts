import type * as Browser from "./router-segments.browser.ts";

/** A server shows nothing. */
export const listSegments: typeof Browser.listSegments = () => new Map();

export const restoreAddresses: typeof Browser.restoreAddresses = () => {};
