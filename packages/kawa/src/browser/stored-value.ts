import { clip, KawaError, type KawaErrorCode } from "../core/errors/errors.ts";
import type { Exposure } from "../core/exposure.ts";
import { unfitCode } from "../core/value/unfit-text.ts";
import { decodeValue } from "../core/value/value.ts";
import { firstVersion, versionOfText } from "../core/value/value-version.ts";
import type { UnfitValue } from "./value-of.ts";

// Loaded with the first value that is not plain.

/** A value; of one that is of a later version than the first, or that cannot be shown, what `valueIn` asks. */
export function decodeStored(text: string): unknown {
  const code = unfitCode(text);
  if (code !== undefined) return refusing(code as KawaErrorCode);
  const version = versionOfText(text);
  const value = decodeValue(text);
  return version === firstVersion ? value : migrating(value, version);
}

function refusing(code: KawaErrorCode): UnfitValue {
  let error: KawaError | undefined;
  return () => {
    throw (error ??= shown(code, "A value cannot be shown. The server has logged why."));
  };
}

function migrating(value: unknown, from: number): UnfitValue {
  let fit: { readonly of: Exposure | undefined; readonly value?: unknown; readonly error?: unknown } | undefined;
  return (definition) => {
    if (fit?.of !== definition) fit = undefined;
    fit ??= { of: definition, ...fitOf(value, from, definition) };
    if (fit.error) throw fit.error;
    return fit.value;
  };
}

function fitOf(value: unknown, from: number, definition: Exposure | undefined): { value?: unknown; error?: KawaError } {
  const to = definition?.version ?? firstVersion;
  if (from === to) return { value };
  if (from > to) return { error: shown("VALUE_TOO_NEW", "This page is older than the server. Please load it again.") };
  try {
    return { value: definition!.migrate!(value, from) };
  } catch (cause) {
    const reason = clip(cause instanceof Error ? cause.message : cause);
    return {
      error: new KawaError("VALUE_NOT_MIGRATED", `Version ${from} of a value cannot be migrated to ${to}: ${reason}`, {
        cause,
      }),
    };
  }
}

function shown(code: KawaErrorCode, publicMessage: string): KawaError {
  return new KawaError(code, publicMessage, { data: { isPublic: true, publicMessage } });
}
