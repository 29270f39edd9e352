/** For a thread that holds next to nothing: what V8 takes for one by itself, 6 to 9 MiB, is more. For `resourceLimits` of a Worker. */
export const SMALL_THREAD = {
  maxOldGenerationSizeMb: 8,
  maxYoungGenerationSizeMb: 1,
  codeRangeSizeMb: 1,
  stackSizeMb: 1,
} as const;
