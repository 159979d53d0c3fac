"use client";
import { useRouter } from "next/navigation";
import { useCallback, useEffect, useRef, useTransition } from "react";

/** Renders the page again after each event: one refresh in flight, one queued. */
export function LiveRefresh({ src }: { src: string }): null {
  const router = useRouter();
  const [isPending, startTransition] = useTransition();
  const isBusy = useRef(false);
  const isDirty = useRef(false);

  const refresh = useCallback(() => {
    if (isBusy.current) {
      isDirty.current = true;
      return;
    }
    isBusy.current = true;
    isDirty.current = false;
    startTransition(() => router.refresh());
  }, [router]);

  useEffect(() => {
    if (isPending || !isBusy.current) return;
    isBusy.current = false;
    if (isDirty.current) refresh();
  }, [isPending, refresh]);

  useEffect(() => {
    const source = new EventSource(src);
    let isReconnected = false;
    source.onopen = () => {
      if (isReconnected) refresh();
      isReconnected = true;
    };
    source.onmessage = refresh;
    return () => source.close();
  }, [src, refresh]);
  return null;
}
