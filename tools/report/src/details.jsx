// What is known of the process that was chosen.

import { Fragment, h, render } from "preact";
import { count, counted, time } from "./words.js";

const ENDS = { "": "exit 0", running: "still running when the recording ended", "?": "its end was not seen" };
const MOST = 60; // files of a kind, or children

export function showDetails(element, report, process, select) {
  render(<Details report={report} process={process} select={select} />, element);
  document.getElementById("chosen").textContent =
    process === null ? "" : `${report.text("name", process)}, ${time(report.processes.wall[process])}, ${report.text("end", process) || "exit 0"}`;
}

function Details({ report, process, select }) {
  if (process === null) {
    return <p class="hint">Choose a process: click it, or press an arrow key in the timeline.</p>;
  }
  const { processes } = report;
  const parent = processes.parent[process];
  const end = report.text("end", process);
  const folded = processes.folded[process];
  return (
    <Fragment>
      <h3>{report.text("name", process)}</h3>
      <pre>{report.command(process)}</pre>
      <dl>
        <Fact name="Ended">
          <span class={processes.failed[process] ? "bad" : end ? "" : "good"}>{ENDS[end] ?? end}</span>
        </Fact>
        <Fact name="Took">{time(processes.wall[process])}</Fact>
        <Fact name="Of its own">{time(processes.own[process])}</Fact>
        <Fact name="CPU">{time(processes.cpu[process])}</Fact>
        <Fact name="Started">at {time(processes.start[process])}</Fact>
        <Fact name="PID">{processes.pid[process]}</Fact>
        <Fact name="User">{report.text("user", process)}</Fact>
        <Fact name="Program">{report.text("exe", process)}</Fact>
        <Fact name="Directory">{report.text("cwd", process)}</Fact>
        <Fact name="Events">{count(processes.events[process])}</Fact>
        {parent >= 0 && (
          <Fact name="Parent">
            <Process report={report} process={parent} select={select} />
          </Fact>
        )}
      </dl>
      <Children report={report} process={process} select={select} />
      {folded > 0 && <p class="hint">{counted(folded, "process", "processes")} below it are not on this page.</p>}
      <Files report={report} process={process} />
    </Fragment>
  );
}

function Fact({ name, children }) {
  if (children === "" || children === undefined) return null;
  return (
    <Fragment>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </Fragment>
  );
}

function Process({ report, process, select }) {
  return (
    <button type="button" class="link" onClick={() => select(process)}>
      {report.text("name", process)} ({report.processes.pid[process]})
    </button>
  );
}

function Children({ report, process, select }) {
  const children = report.children[process];
  if (!children.length) return null;
  return (
    <details>
      <summary>Started {counted(children.length, "process", "processes")}</summary>
      <ul>
        {children.slice(0, MOST).map((each) => (
          <li key={each}>
            <Process report={report} process={each} select={select} /> {time(report.processes.wall[each])}{" "}
            <span class="bad">{report.processes.failed[each] ? report.text("end", each) : ""}</span>
          </li>
        ))}
        <More of={children} />
      </ul>
    </details>
  );
}

function Files({ report, process }) {
  const used = report.files(process);
  return report.sections.map((section, number) => {
    const files = used.filter((each) => each[0] === number);
    if (!files.length) return null;
    return (
      <details key={section} open={files.length <= 12}>
        <summary>
          {section} {counted(files.length, "file")}
        </summary>
        <ul class="files">
          {files.slice(0, MOST).map(([, path, times]) => (
            <li key={path}>
              {path} {times > 1 && <small>×{count(times)}</small>}
            </li>
          ))}
          <More of={files} />
        </ul>
      </details>
    );
  });
}

function More({ of }) {
  return of.length > MOST ? <li class="hint">and {count(of.length - MOST)} more</li> : null;
}
