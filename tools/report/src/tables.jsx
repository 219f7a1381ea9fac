// Long tables, a page of rows at a time. table-core sorts, searches and divides them; they are made when they come near
// the screen.

import {
  columnFilteringFeature,
  constructTable,
  createFilteredRowModel,
  createPaginatedRowModel,
  createSortedRowModel,
  filterFn_includesString,
  globalFilteringFeature,
  rowPaginationFeature,
  rowSortingFeature,
  sortFn_basic,
  tableFeatures,
} from "@tanstack/table-core";
import { storeReactivityBindings } from "@tanstack/table-core/store-reactivity-bindings";
import { Fragment, h, render } from "preact";
import { count, time } from "./words.js";

const ROWS = 15;
const FEATURES = tableFeatures({
  coreReactivityFeature: storeReactivityBindings(),
  columnFilteringFeature,
  globalFilteringFeature,
  filteredRowModel: createFilteredRowModel(),
  filterFns: { includesString: filterFn_includesString },
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic },
  rowPaginationFeature,
  paginatedRowModel: createPaginatedRowModel(),
});

// the first argument of each is the head; rows are arrays, with a value for each column
const text = (head, wide) => ({ head, wide, say: String, kind: "text", isText: true });
const path = (head) => ({ head, say: String, kind: "path", isText: true });
const number = (head, wide = 90) => ({ head, wide, say: count, kind: "number" });
const times = (head) => ({ head, wide: 100, say: time, kind: "number" });
const pid = { head: "PID", wide: 90, say: String, kind: "number", isText: true };

const isBad = (end) => end !== "exit 0" && /^(exit|SIG)/.test(end);

export function showTables(report, select) {
  const { processes, listed, sections } = report;
  const end = (each) => report.text("end", each) || "exit 0";
  later("processes", "All processes", () => ({
    columns: [{ ...path("Process"), select: (row) => select(row[6]) }, pid, times("Start"), times("Time"), times("CPU"), { ...text("End", 100), isBad }],
    rows: processes.pid.map((pid, each) => [
      report.command(each), pid, processes.start[each], processes.wall[each], processes.cpu[each], end(each), each,
    ]),
  }));
  later("programs", "Time by program", () => ({
    columns: [path("Program"), number("Runs"), number("Failed"), times("Own time"), times("Time"), times("CPU")],
    rows: report.programs,
  }));
  later("failures", "Calls that failed", () => ({
    columns: [number("Times"), text("Error", 140), text("Wanted", 130), path("File"), text("By", 190)],
    rows: report.failures,
  }));
  sections.forEach((section, place) =>
    later(`files-${section}`, `Files: ${section}`, () => ({
      columns: [number("Times"), number("Processes", 110), path("File")],
      rows: listed.path
        .map((name, each) => [listed.counts[place][each], listed.users[each], name])
        .filter(([times]) => times)
        .sort((a, b) => b[0] - a[0]),
    })),
  );
}

function later(id, caption, make) {
  const element = document.getElementById(id);
  const observer = new IntersectionObserver(
    (seen) => {
      if (!seen.some((each) => each.isIntersecting)) return;
      observer.disconnect();
      show(element, caption, make());
    },
    { rootMargin: "300px" },
  );
  observer.observe(element);
}

function show(element, caption, { columns, rows }) {
  const table = constructTable({
    features: FEATURES,
    data: rows,
    columns: columns.map((column, place) => ({
      id: String(place),
      accessorFn: (row) => row[place],
      sortFn: "basic",
      sortDescFirst: !column.isText,
      enableGlobalFilter: Boolean(column.isText),
      meta: column,
    })),
    globalFilterFn: "includesString",
    initialState: { pagination: { pageIndex: 0, pageSize: ROWS } },
  });
  const draw = () => render(<Table table={table} columns={columns} caption={caption} whole={rows.length} draw={draw} />, element);
  draw();
}

function Table({ table, columns, caption, whole, draw }) {
  const act = (call) => (event) => {
    call(event);
    draw();
  };
  const rows = table.getRowModel().rows;
  return (
    <Fragment>
      {whole > ROWS && (
        <input
          type="search"
          placeholder="Search…"
          aria-label={`Search: ${caption}`}
          onInput={act((event) => table.setGlobalFilter(event.target.value))}
        />
      )}
      <div class="wide">
        <table aria-label={caption}>
          <thead>
            <tr>
              {columns.map((column, place) => (
                <Head key={place} column={column} sorts={table.getColumn(String(place))} act={act} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id}>
                {columns.map((column, place) => (
                  <Cell key={place} column={column} row={row.original} value={row.original[place]} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Pages table={table} act={act} whole={whole} />
    </Fragment>
  );
}

function Head({ column, sorts, act }) {
  const sorted = sorts.getIsSorted();
  const said = { asc: "ascending", desc: "descending" }[sorted] ?? "none";
  return (
    <th scope="col" class={column.kind} style={column.wide ? { width: column.wide } : undefined} aria-sort={said}>
      <button type="button" onClick={act(() => sorts.toggleSorting())}>
        {column.head}
        <span aria-hidden="true">{{ asc: " ↑", desc: " ↓" }[sorted] ?? ""}</span>
      </button>
    </th>
  );
}

function Cell({ column, row, value }) {
  const said = column.say(value);
  return (
    <td class={column.isBad?.(value) ? `${column.kind} bad` : column.kind}>
      {column.select ? (
        <button type="button" class="link" onClick={() => column.select(row)}>
          {said}
        </button>
      ) : (
        said
      )}
    </td>
  );
}

function Pages({ table, act, whole }) {
  const found = table.getFilteredRowModel().rows.length;
  if (whole <= ROWS) return whole ? null : <p class="hint">None.</p>;
  const { pageIndex } = table.atoms.pagination.get();
  const last = Math.min(found, (pageIndex + 1) * ROWS);
  return (
    <div class="pages">
      <span aria-live="polite">
        {found ? `${count(pageIndex * ROWS + 1)} to ${count(last)} of ${count(found)}` : "Nothing matches"}
        {found < whole ? `, of ${count(whole)}` : ""}
      </span>
      <button type="button" disabled={!table.getCanPreviousPage()} onClick={act(() => table.previousPage())}>
        previous
      </button>
      <button type="button" disabled={!table.getCanNextPage()} onClick={act(() => table.nextPage())}>
        next
      </button>
    </div>
  );
}
