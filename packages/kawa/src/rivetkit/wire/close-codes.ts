/** Close code for a socket that did not prove who it is. */
export const unauthorizedCloseCode = 4401;

/** Close code for a socket that has said nothing: its first message may be late or lost, which proves nothing. */
export const helloTimeoutCloseCode = 4408;
