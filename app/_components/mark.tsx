/** 川, a river: the mark of Kawa. */
export function Mark() {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path
        d="M4 3v6.5c0 3.5-.7 5.5-2 7.5M10 4v11M16 3v14"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.4"
        strokeLinecap="round"
      />
    </svg>
  );
}
