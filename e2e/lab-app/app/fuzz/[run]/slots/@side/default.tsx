/** The slot of a page that was reached from elsewhere. */
export default function NoSide(): null {
  return null;
}
