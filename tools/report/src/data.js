// The recording, out of the page. It is deflated JSON as base64: that holds no character that HTML takes for its own.

export async function read() {
  const text = document.getElementById("data").textContent.trim();
  const packed = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Report(await new Response(stream).json());
}

// Columns of numbers, and what they mean. Times are microseconds since the recording began.
export class Report {
  constructor(data) {
    const { files, ...rest } = data;
    Object.assign(this, rest, { listed: files });
    const { parent } = this.processes;
    this.count = parent.length;
    this.children = Array.from(parent, () => []);
    parent.forEach((above, each) => above >= 0 && this.children[above].push(each));
  }

  text(column, process) {
    const number = this.processes[column][process];
    return number < 0 ? "" : this.texts[number];
  }

  command(process) {
    return this.processes.argv[process] || `${this.text("name", process)} (only forked, or began before)`;
  }

  // [section, path, times] for each file that a process used
  files(process) {
    const { flat, ends } = this.uses;
    const found = [];
    for (let at = process ? ends[process - 1] : 0; at < ends[process]; at += 2) {
      const file = Math.floor(flat[at] / this.sections.length);
      found.push([flat[at] % this.sections.length, this.listed.path[file], flat[at + 1]]);
    }
    return found;
  }

  // whether the words are in what a person would look for
  matches(process, words) {
    const text = `${this.text("name", process)} ${this.processes.argv[process]} ${this.text("exe", process)} ${this.processes.pid[process]} ${this.text("end", process)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }
}
