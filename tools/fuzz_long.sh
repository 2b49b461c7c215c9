#!/usr/bin/env bash
# fuzz_long.sh BUILD-DIR MINUTES [TARGET...]: runs each libFuzzer target of that build for so long, two at a time
# (JOBS), at low priority, from the committed corpus and dictionary and from what earlier runs found.
#   At the end of each: the inputs that reach edges which no committed one reaches go into tests/fuzz/corpus/NAME
#   (at most 4 KiB each; KEEP=no leaves them out), a line is appended to tests/fuzz/record.tsv, and printed.
#   Ctrl-C or SIGTERM ends the targets in order: what they did until then is recorded as any other run.
# fuzz_long.sh --table: the record summed up for each target, as docs/fuzzing.md shows it.
# Exit 1 when a target found something: the input lies in BUILD-DIR/fuzz-work/NAME/crashes.
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
record=$top/tests/fuzz/record.tsv
columns=$'date\ttarget\tseconds\truns\truns_per_s\tedges_before\tedges_after\tfeatures_before\tfeatures_after\tinputs_added\tfindings'

table() {
  echo '| target | runs of | minutes in all | inputs run | runs/s | edges: first, last | features: first, last | findings |'
  echo '|---|---|---|---|---|---|---|---|'
  awk -F'\t' 'NR > 1 { n[$2]++; s[$2] += $3; r[$2] += $4; f[$2] += $11
                       if (!($2 in e)) { e[$2] = $6; t[$2] = $8 }; l[$2] = $7; u[$2] = $9 }
    END { for (k in n) printf "| %s | %d | %.1f | %d | %d | %d, %d | %d, %d | %d |\n",
                              k, n[k], s[k] / 60, r[k], r[k] / (s[k] ? s[k] : 1), e[k], l[k], t[k], u[k], f[k] }' "$record" | sort
}
[ "${1:-}" = --table ] && { table; exit; }

dir=${1:?BUILD-DIR} minutes=${2:?MINUTES}
shift 2
dir=$(cd "$dir" && pwd) || exit 1
seconds=$(awk -v m="$minutes" 'BEGIN { printf "%d", m * 60 }')
[ "$seconds" -gt 0 ] || { echo "fuzz_long: MINUTES is a number above 0" >&2; exit 2; }
shopt -s nullglob
targets=("$@")
if [ "${#targets[@]}" = 0 ]; then
  for binary in "$dir"/tests/fuzz/fuzz_*; do [ -f "$binary" ] && [ -x "$binary" ] && targets+=("$(basename "$binary")"); done
fi
[ "${#targets[@]}" -gt 0 ] || { echo "fuzz_long: no targets in $dir/tests/fuzz" >&2; exit 1; }
[ -s "$record" ] || echo "$columns" >"$record"

reach() {  # reach BINARY CORPUS: "edges features" of a corpus alone
  "$1" -runs=0 -rss_limit_mb=2048 "$2" 2>&1 | awk '/INITED/ { for (i = 1; i < NF; ++i) { if ($i == "cov:") c = $(i + 1); if ($i == "ft:") f = $(i + 1) } }
                                                 END { print c + 0, f + 0 }'
}

fuzz() {
  local target=$1 name=${1#fuzz_} work corpus dict=() before after began spent runs added=0 findings
  work=$dir/fuzz-work/$name corpus=$top/tests/fuzz/corpus/$name
  mkdir -p "$work/found" "$work/crashes"
  [ -f "$top/tests/fuzz/dict/$name.dict" ] && dict=(-dict="$top/tests/fuzz/dict/$name.dict")
  read -r -a before <<<"$(reach "$dir/tests/fuzz/$target" "$corpus")"
  local crashes=("$work"/crashes/*)
  began=$SECONDS
  nice -n 10 "$dir/tests/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="$work/crashes/" ${dict[@]+"${dict[@]}"} "$work/found" "$corpus" >"$work/log" 2>&1 &
  echo $! >"$work/pid"
  wait $!
  rm -f "$work/pid"
  spent=$((SECONDS - began))
  runs=$(awk '/number_of_executed_units/ { n = $2 } END { print n + 0 }' "$work/log")
  # What ended in a finding has no final count: the last line of progress has one.
  [ "$runs" = 0 ] && runs=$(awk '/^#[0-9]+/ { n = substr($1, 2) } END { print n + 0 }' "$work/log")
  local now=("$work"/crashes/*)
  findings=$((${#now[@]} - ${#crashes[@]}))
  if [ "${KEEP:-yes}" = yes ]; then
    local had=("$corpus"/*)
    nice -n 10 "$dir/tests/fuzz/$target" -merge=1 -set_cover_merge=1 -use_counters=0 -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
      "$corpus" "$work/found" >"$work/merge.log" 2>&1 || echo "fuzz_long: $name: merging failed (${work#"$top"/}/merge.log)"
    local has=("$corpus"/*)
    added=$((${#has[@]} - ${#had[@]}))
  fi
  read -r -a after <<<"$(reach "$dir/tests/fuzz/$target" "$corpus")"
  (flock 9
   printf '%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n' "$(date -u +%F)" "$name" "$spent" "$runs" "$((runs / (spent > 0 ? spent : 1)))" \
     "${before[0]}" "${after[0]}" "${before[1]}" "${after[1]}" "$added" "$findings" | tee -a "$record") 9>>"$dir/fuzz-work/lock"
  [ "$findings" = 0 ] || { tail -n 40 "$work/log"; echo "fuzz_long: $name FOUND something: ${work#"$top"/}/crashes"; return 1; }
}

stopping=no
stop() {
  stopping=yes
  for file in "$dir"/fuzz-work/*/pid; do kill -USR1 "$(cat "$file")" 2>/dev/null; done
}
trap stop INT TERM

echo "$columns"
running=0 bad=0
reap() {  # waits for one of them; a signal may end the waiting before that
  while :; do
    wait -n
    local code=$?
    [ "$code" -gt 128 ] && [ "$stopping" = yes ] && [ -n "$(jobs -r)" ] && continue
    [ "$code" = 0 ] || bad=1
    break
  done
  running=$((running - 1))
}
for target in "${targets[@]}"; do
  [ "$stopping" = yes ] && break
  fuzz "$target" &
  running=$((running + 1))
  [ "$running" -lt "${JOBS:-2}" ] || reap
done
while [ "$running" -gt 0 ]; do reap; done
exit "$bad"
