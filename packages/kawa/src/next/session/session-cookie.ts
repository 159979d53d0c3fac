import { KawaError } from "../../core/errors/errors.ts";

export type SessionCookie = {
  readonly name: string;
  readonly value: string;
  readonly httpOnly: true;
  readonly sameSite: "lax";
  readonly path: "/";
  readonly secure: boolean;
  readonly expires: Date;
};

/** Browsers drop a larger cookie. */
const maxCookieBytes = 4096;

/** Over https the prefix makes sure that no subdomain has set the cookie; browsers take it only together with `secure`. */
export function sessionCookieName(name: string, isHttps: boolean): string {
  return isHttps ? `__Host-${name}` : name;
}

/** @throws {KawaError} VALUE_TOO_LARGE - no browser would keep it */
export function sessionCookie(options: {
  readonly name: string;
  readonly value: string;
  readonly isHttps: boolean;
  readonly expiresAt: number;
}): SessionCookie {
  const name = sessionCookieName(options.name, options.isHttps);
  const size = name.length + options.value.length;
  if (size > maxCookieBytes) {
    throw new KawaError(
      "VALUE_TOO_LARGE",
      `The session cookie has ${size} bytes, and browsers keep ${maxCookieBytes}. Sign in with less, such as the id of the user.`,
    );
  }
  return {
    name,
    value: options.value,
    httpOnly: true,
    sameSite: "lax",
    path: "/",
    secure: options.isHttps,
    expires: new Date(options.expiresAt),
  };
}

/**
 * How the visitor reaches the app: the proxy in front tells it, else Next. A client that sends the header without a proxy spoils only its
 * own cookie: no page can add the header to the requests of another visitor.
 */
export function isHttps(headers: Headers, fallbackProtocol = "http:"): boolean {
  const forwarded = headers.get("x-forwarded-proto")?.split(",")[0]?.trim();
  return forwarded === undefined ? fallbackProtocol === "https:" : forwarded === "https";
}
