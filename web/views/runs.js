// What the views say of a run.
import { count, counted, duration, moment } from "../format.js";

const TONES = { succeeded: "good", failed: "bad", cancelled: "plain", queued: "live", running: "live" };

export const isLive = (run) => run !== undefined && ["queued", "running"].includes(run.state);

/** Of a run, or of one in brief, which says it itself. */
export const rowsOf = (run) => run.rows ?? run.tables.reduce((sum, table) => sum + table.rows, 0);

/** How long it took, or takes so far, in milliseconds; 0 before it has begun. */
export function millisecondsOf(run, now = Date.now()) {
  if (!run.started_at) return 0;
  return Math.max(0, new Date(run.finished_at ?? now) - new Date(run.started_at));
}

/** The run as a bar of a sparkline: as high as it took long. */
export const barOf = (run) => ({
  value: millisecondsOf(run),
  tone: toneOf(run),
  title: `${moment(run.requested_at)}: ${run.state}, ${count(rowsOf(run))} rows in ${duration(millisecondsOf(run))}`,
});

/** In a sentence, how it ended. */
export function saidOf(run) {
  const rows = counted(rowsOf(run), "row");
  if (run.state === "succeeded") return `The run has succeeded: ${rows} in ${duration(millisecondsOf(run))}.`;
  if (run.state === "cancelled") return "The run was cancelled. The destination is as it was.";
  return `The run has failed: ${run.error?.title ?? "nobody knows why"}.`;
}

export const toneOf = (run) => TONES[run.state] ?? "plain";
