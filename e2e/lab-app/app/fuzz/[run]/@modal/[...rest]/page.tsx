/** A slot shows what it has shown until the address has something else for it. */
export default function ClosedModal(): null {
  return null;
}
