/**
 * Why a copy of the warehouse is not read: it does not answer, refuses what
 * was asked, is far behind, is no copy any more but goes its own way, or is
 * one of another warehouse.
 */
export const REPLICA_FAULTS = [
  "away",
  "refuses",
  "behind",
  "promoted",
  "foreign",
] as const;
export type ReplicaFault = typeof REPLICA_FAULTS[number];
