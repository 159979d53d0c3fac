/** Only where server components and route handlers run can the backend of the app be loaded: `load-app-backend.react-server.ts`. */
export const loadAppBackend: (() => Promise<unknown>) | undefined = undefined;
