import { refuseEdge } from "../network/refuse-edge.ts";

/** @throws {KawaError} RUNTIME_UNSUPPORTED */
export const createSessions = refuseEdge;
/** @throws {KawaError} RUNTIME_UNSUPPORTED */
export const revokeSession = refuseEdge;
