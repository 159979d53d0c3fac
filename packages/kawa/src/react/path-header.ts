/** Header in which the middleware tells a render which path it is for. */
export const pathHeader = "x-kawa-path";
