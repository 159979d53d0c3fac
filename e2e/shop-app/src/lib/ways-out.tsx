"use client";
import Form from "next/form";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { type ReactElement, useTransition } from "react";

/** The ways to leave a page, or to change its address alone. */
export function WaysOut({ way, name }: { way: string; name: string }): ReactElement {
  const router = useRouter();
  const [isPending, start] = useTransition();
  return (
    <nav>
      <Link href={`/${way}/${name}?more=1`}>Search</Link>
      <Link href={`/${way}/${name}#end`}>Hash</Link>
      <Link href={`/${way}/${name}/deeper`} replace scroll={false}>
        Replace
      </Link>
      <Link href={`/old/${way}/${name}-moved`} prefetch={false}>
        Moved
      </Link>
      <a href="#end">Native hash</a>
      <button disabled={isPending} onClick={() => start(() => router.push(`/de/${way}/${name}-pushed`))}>
        Push
      </button>
      <Form action={`/${way}/${name}`}>
        <input type="hidden" name="more" value="2" />
        <button>Find</button>
      </Form>
      <Link href={`/help/${way}/${name}-help`}>Help</Link>
      <i id="end" />
    </nav>
  );
}
