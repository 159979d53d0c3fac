/** A photo that was opened by its address is no modal. */
export default function NoModal(): null {
  return null;
}
