/** A link to the feed closes the photo over it. */
export default function ClosedModal(): null {
  return null;
}
