/**
 * Medians, percentiles and ratios. Pure: numbers in, numbers out; nothing of nothing is undefined, never NaN.
 */

export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** The nearest rank: the smallest value that at least this share of all values does not exceed. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return percentileOfSorted(sorted, share);
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export function percentiles(values: readonly number[]): Percentiles | undefined {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return undefined;
  const at = (share: number) => percentileOfSorted(sorted, share) as number;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

/** How many times `ours` is better than `theirs`: more is better for a rate, less for a time or for memory. */
export function advantage(ours: number, theirs: number, better: 'more' | 'less'): number | undefined {
  const [above, below] = better === 'more' ? [ours, theirs] : [theirs, ours];
  return below > 0 ? above / below : undefined;
}

function percentileOfSorted(sorted: ArrayLike<number>, share: number): number | undefined {
  if (sorted.length === 0) return undefined;
  const rank = Math.max(1, Math.ceil(sorted.length * share));
  return sorted[Math.min(rank, sorted.length) - 1];
}
