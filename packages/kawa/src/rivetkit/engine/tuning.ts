/**
 * What Kawa needs of any engine, beside where it stores and listens: the embedded one has it, and `deploy/engine/kawa.env` gives it to one of
 * your own. Docs say which times follow; `npm run test:chaos` measures them.
 */
export const engineTuning = {
  RIVET__TELEMETRY__ENABLED: "false",
  // A backtrace of every refused connection would fill the log.
  RUST_BACKTRACE: "0",
  // Nagle plus delayed acknowledgements cost 40 ms a message.
  RIVET__GUARD__TCP_NODELAY: "true",
  // The limits are meant for the public; these connections are ours.
  RIVET__PEGBOARD__ENVOY_WEBSOCKET_RATE_LIMIT_REQUESTS: "1000000000",
  RIVET__PEGBOARD__ENVOY_WEBSOCKET_RATE_LIMIT_DRIP_RATE_US: "1",
  RIVET__PEGBOARD__GATEWAY_WEBSOCKET_RATE_LIMIT_REQUESTS: "1000000000",
  RIVET__PEGBOARD__GATEWAY_WEBSOCKET_RATE_LIMIT_DRIP_RATE_MS: "1",
  // Milliseconds. A server whose engine is away ends its actors after so long. It tries to connect again after 1, 3, 7 and 15 s, each up to
  // a quarter later, so that its actors live through a restart of the engine, or of its database. Above 16 s the engine also keeps what it
  // knows of an idle actor in its store alone; what it has in memory when it is killed, it holds for half a minute. The engine itself gives up
  // a server only after so long: `lost-host` is faster.
  RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD: "25000",
  // A server that is frozen, or cut off, is none any more after so long.
  RIVET__PEGBOARD__ENVOY_PING_TIMEOUT: "4000",
  RIVET__PEGBOARD__ENVOY_ELIGIBLE_THRESHOLD: "4000",
  RIVET__PEGBOARD__ENVOY_UPDATE_PING_INTERVAL: "1000",
  RIVET__PEGBOARD__ACTOR_START_THRESHOLD: "5000",
  // An actor whose server does not end it is started elsewhere after so long. The default is 30 minutes.
  RIVET__PEGBOARD__ACTOR_STOP_THRESHOLD: "4000",
  RIVET__PEGBOARD__BASE_RETRY_TIMEOUT: "100",
  RIVET__PEGBOARD__RETRY_RESET_DURATION: "100",
  RIVET__PEGBOARD__RESCHEDULE_BACKOFF_MAX_EXPONENT: "1",
  RIVET__PEGBOARD__MIN_METADATA_POLL_INTERVAL: "1000",
  // Millicores. Above 70 % of this the engine takes up only some of its work, chosen by chance: on a busy machine an actor that
  // is to be started waits for up to 30 s. It is meant for engines that share their work.
  RIVET__RUNTIME__WORKER_CPU_MAX: "10000000",
  // Seconds. Without them an open socket keeps the engine from exiting for minutes. With none for sockets it is back when servers try to
  // connect again for the first time.
  RIVET__RUNTIME__GUARD_SHUTDOWN_DURATION: "0",
  RIVET__RUNTIME__WORKER_SHUTDOWN_DURATION: "1",
  RIVET__RUNTIME__FORCE_SHUTDOWN_DURATION: "1",
} as const;

/** Only for an engine that works alone: one with NATS does not start with them. The default queue drops events silently in bursts of more than 1,024. */
export const engineQueue = {
  RIVET__MEMORY__CHANNEL: "default",
  RIVET__MEMORY__DISABLE_MEMORY_OPTIMIZATION: "true",
} as const;
