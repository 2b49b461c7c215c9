"""report.py: many runs into one table with ratios, and into JSON."""
import json
import statistics

NUMBERS = ("rate", "accept_rate", "cpu_ms", "dns_cpu_ms", "sink_cpu_ms", "resident_mb", "seconds", "messages", "flushes")


def medians(runs):
    """One row for each case and MTA: the run in the middle of its repetitions, number by number."""
    rows = {}
    for run in runs:
        rows.setdefault((run["case"], run["mta"]), []).append(run)
    result = []
    for same in rows.values():
        good = [run for run in same if "error" not in run]
        if not good:
            result.append(same[-1])
            continue
        row = dict(good[-1]) | {"runs": len(good), "failed_runs": len(same) - len(good)}
        for key in NUMBERS:
            values = [run[key] for run in good if key in run]
            if values:
                row[key] = statistics.median(values)
        row["rate_min"], row["rate_max"] = min(run["rate"] for run in good), max(run["rate"] for run in good)
        result.append(row)
    return result


def with_ratios(rows):
    """Adds to each row what it is to Postfix and to the baseline in the same case."""
    at = {(row["case"], row["mta"]): row for row in rows if "error" not in row}
    for row in rows:
        postfix, baseline = at.get((row["case"], "postfix")), at.get((row["case"], "none"))
        if "error" in row:
            continue
        if postfix:
            row["rate_to_postfix"] = round(row["rate"] / postfix["rate"], 2)
            if row.get("cpu_ms"):
                row["postfix_cpu_to_this"] = round(postfix["cpu_ms"] / row["cpu_ms"], 2)
        if baseline:
            row["rate_to_baseline"] = round(row["rate"] / baseline["rate"], 3)
    return rows


def _cell(row, key, pattern):
    return pattern.format(row[key]) if row.get(key) is not None else "-"


HEAD = ("case", "MTA", "msg/s", "min–max", "× Postfix", "of baseline", "CPU ms/msg", "Postfix CPU ×", "DNS CPU ms", "flushes/msg", "MB")


def table(rows):
    """GitHub's Markdown, aligned so that it reads in a terminal too."""
    lines, notes = [HEAD], []
    for row in rows:
        name = "baseline" if row["mta"] == "none" else row["mta"]
        if "error" in row:
            lines.append((row["case"], name, "not measured") + ("-",) * (len(HEAD) - 3))
            notes.append(f"{row['case']}, {name}: {row['error']}")
            continue
        lines.append((row["case"], name, f"{row['rate']:,.0f}", f"{row['rate_min']:,.0f}–{row['rate_max']:,.0f}",
                      _cell(row, "rate_to_postfix", "{:.2f}"),
                      f"{row['rate_to_baseline']:.0%}" if "rate_to_baseline" in row else "-",
                      _cell(row, "cpu_ms", "{:.3f}"), _cell(row, "postfix_cpu_to_this", "{:.1f}"),
                      _cell(row, "dns_cpu_ms", "{:.3f}"), _cell(row, "flushes", "{:.3f}"), _cell(row, "resident_mb", "{:.0f}")))
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    syncs = {row["mta"]: f"{row['version']}: {row['sync']}" for row in rows if "sync" in row}
    text += ["", *(f"- {line}" for line in syncs.values()), *(f"- not measured: {note}" for note in dict.fromkeys(notes))]
    return "\n".join(text)


def write_json(path, facts, runs, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**facts, "rows": rows, "runs": runs}, indent=1, ensure_ascii=False) + "\n")
