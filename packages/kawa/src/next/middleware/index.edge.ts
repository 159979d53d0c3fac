import { refuseEdge } from "../network/refuse-edge.ts";

/** @throws {KawaError} RUNTIME_UNSUPPORTED */
export const createMiddleware = refuseEdge;
/** @throws {KawaError} RUNTIME_UNSUPPORTED */
export const withRenderId = refuseEdge;
