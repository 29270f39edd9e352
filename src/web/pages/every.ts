import { useEffect, useRef } from 'preact/hooks';

/** Acts again and again, as long as somebody looks at the page. */
export function useEvery(periodMs: number, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setInterval(() => document.hidden || latest.current(), periodMs);
    return () => clearInterval(timer);
  }, []);
}
