/** The most that is added at once, either way, and how far the counter goes. */
export const maxAmount = 1_000_000;
