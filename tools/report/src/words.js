// Numbers for people.

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (number) => NUMBER.format(number).replaceAll(",", "\u202f");

export const counted = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

// microseconds; -1 where it is not known
export function time(us) {
  if (us < 0) return "?";
  if (us === 0) return "0 s";
  if (us < 1000) return `${us} µs`;
  if (us < 1e6) return `${round(us / 1e3)} ms`;
  if (us < 120e6) return `${round(us / 1e6)} s`;
  const minutes = Math.floor(us / 60e6);
  if (minutes < 120) return `${minutes} min ${Math.round(us / 1e6) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const round = (number) => (number < 10 ? number.toFixed(2) : number < 100 ? number.toFixed(1) : number.toFixed(0));
