// What a run would take, from what the database says of its tables. No DOM, no network.

// Bytes a second from a database that is busy and far, and from one that is idle and near.
const SLOW = 10e6;
const QUICK = 100e6;

/** `{ least, most }` seconds of a run that reads so many bytes. */
export const seconds = (bytes) => ({ least: bytes / QUICK, most: bytes / SLOW });

/** The same in words. */
export function inWords(bytes) {
  const { least, most } = seconds(bytes);
  if (most < 60) return "less than a minute";
  if (least < 60) return `up to ${long(most)}`;
  return `${long(least)} to ${long(most)}`;
}

function long(value) {
  const minutes = Math.ceil(value / 60);
  if (minutes < 90) return minutes === 1 ? "a minute" : `${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.ceil(hours / 24)} days`;
}
