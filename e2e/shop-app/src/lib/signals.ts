import { namespace } from "kawa";

const shop = namespace("shop");

/** A number for each test. */
export const stock = shop.family((name: string) => ({ key: `${name}:stock`, default: 0 }), { expose: "write" });
