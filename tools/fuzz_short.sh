#!/usr/bin/env bash
# fuzz_short.sh BUILD-DIR SECONDS [TARGET...]: runs each libFuzzer target of that build for so long, from the
# committed corpus and dictionary (tests/fuzz/corpus/NAME/, tests/fuzz/dict/NAME.dict). New inputs stay in the
# build folder; a crash is kept there and named. Prints 'fuzz NAME ok|FAILED' for each; exit 1 on any failure.
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${1:?BUILD-DIR} seconds=${2:?SECONDS}
shift 2
dir=$(cd "$dir" && pwd)
bad=0
shopt -s nullglob
targets=("$@")
if [ "${#targets[@]}" = 0 ]; then
  for binary in "$dir"/tests/fuzz/fuzz_*; do [ -f "$binary" ] && [ -x "$binary" ] && targets+=("$(basename "$binary")"); done
fi
[ "${#targets[@]}" -gt 0 ] || { echo "fuzz none FAILED (no targets in $dir/tests/fuzz)"; exit 1; }

fuzz() {
  local target=$1 name=${1#fuzz_} work dict=()
  work=$dir/fuzz-work/$name
  mkdir -p "$work/found" "$work/crashes" "$top/tests/fuzz/corpus/$name"
  [ -f "$top/tests/fuzz/dict/$name.dict" ] && dict=(-dict="$top/tests/fuzz/dict/$name.dict")
  if "$dir/tests/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="$work/crashes/" ${dict[@]+"${dict[@]}"} "$work/found" "$top/tests/fuzz/corpus/$name" \
    >"$work/log" 2>&1; then
    echo "fuzz $name ok ($(awk '/number_of_executed_units/ { print $2 }' "$work/log") runs)"
  else
    tail -n 60 "$work/log"
    echo "fuzz $name FAILED (input in ${work#"$top"/}/crashes)"
    return 1
  fi
}

# Two at a time: a target is one thread.
running=0
for target in "${targets[@]}"; do
  fuzz "$target" &
  running=$((running + 1))
  if [ "$running" -ge "${JOBS:-2}" ]; then wait -n || bad=1; running=$((running - 1)); fi
done
while [ "$running" -gt 0 ]; do wait -n || bad=1; running=$((running - 1)); done
exit "$bad"
