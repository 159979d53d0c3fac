import type { ListChangeRow, ValueRow } from "../../browser/value-protocol.ts";
import type { RefreshWay, Subscription } from "../protocol/stream-protocol.ts";

/** Changes with what tabs of one browser and the owner of their stream say to each other. */
export const ownerProtocol = 2;

/** What a tab hears. */
export type OwnerMessage =
  | UpMessage
  /** For the developer of the app. */
  | { readonly type: "problem"; readonly problem: string }
  | {
      readonly type: "here";
      /** False for a tab that has to say what it shows: the owner is another one than before. */
      readonly isKnown: boolean;
      /** A tab that gets this lock knows that the owner has ended. */
      readonly lock?: string | undefined;
      /** Undefined until a stream was tried. */
      readonly up?: UpMessage | undefined;
    }
  | { readonly type: "change"; readonly versions: string; readonly way: RefreshWay; readonly spreadMs: number }
  | { readonly type: "expired"; readonly spreadMs: number }
  | { readonly type: "values"; readonly rows: readonly ValueRow[]; readonly lists: readonly ListChangeRow[] }
  | { readonly type: "token"; readonly token: string };

export type UpMessage = {
  readonly type: "up";
  readonly isUp: boolean;
  /** `stale` where the stream does not tell this tab everything. */
  readonly state?: "stale" | undefined;
  /** Build of the server of the stream. */
  readonly build?: string | undefined;
};

/** What a tab says: without a subscription, that it is awake; with `null`, that it is gone. */
export type TabMessage = {
  readonly src: string;
  readonly tab: string;
  readonly subscription?: Subscription | null | undefined;
  /** Another session looks now. */
  readonly isRenewed?: boolean;
  /** A heartbeat: it only asks whether the owner is there. */
  readonly isBeat?: boolean;
};
